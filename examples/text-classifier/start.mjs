import { parseArgs } from 'node:util'
import { serveHttpProduction } from '@ekiben/core/serving'

const { values } = parseArgs({
  options: {
    port: { type: 'string', short: 'p', default: process.env.PORT ?? '3000' },
    host: { type: 'string', default: '0.0.0.0' },
  },
})

const server = await serveHttpProduction({
  identifier: 'service:TextClassifier',
  workingDir: import.meta.dirname,
  port: Number(values.port),
  host: values.host,
  apiWorkers: 2,
  handleSignals: true,
})

const message = JSON.stringify({ text: 'My parcel should have come on Friday, and I am getting angry.' })
console.log(`curl -s ${server.url}/classify -H 'content-type: application/json' -d '${message}'`)
