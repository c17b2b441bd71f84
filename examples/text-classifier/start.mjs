import { parseArgs } from 'node:util'
import { exitCodeOf, serveHttpProduction } from '@ekiben/core/serving'

const { values } = parseArgs({
  options: {
    port: { type: 'string', short: 'p', default: process.env.PORT ?? '3000' },
    host: { type: 'string', default: '0.0.0.0' },
  },
})

try {
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
} catch (error) {
  // Every failure to start has a code, a message and a hint; nothing is left running.
  console.error(error.hint ? `${error.code}: ${error.message}\n  hint: ${error.hint}` : error)
  process.exitCode = exitCodeOf(error)
}
