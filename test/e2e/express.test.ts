import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import type { ServiceClass } from '@ekiben/core'
import { type ServeOptions, serve } from '@ekiben/express-adapter'
import express5 from 'express'
import express4 from 'express4'
import { SERVICES } from '../helpers/serve-fixture.js'
import { silentLog } from '../helpers/silent-log.js'
import { type HostUnderTest, hostConformance } from './conformance.js'

const VERSIONS = { 'Express 5': express5, 'Express 4': express4 }

async function start(express: typeof express5, parses: boolean, options: ServeOptions): Promise<HostUnderTest> {
  const { Texts } = (await import(pathToFileURL(`${SERVICES}/conformance.mjs`).href)) as { Texts: ServiceClass }
  const app = express()
  // Its last handler tells errors on the console otherwise.
  app.set('env', 'test')
  if (parses) app.use(express.json())
  const services = serve(Texts, { system: 'all', log: silentLog, ...options })
  app.use(services)
  await services.ready()
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await services.close()
    },
  }
}

for (const [name, express] of Object.entries(VERSIONS)) {
  const traits = { noMethodNotAllowed: true, poweredBy: true }
  hostConformance(name, () => start(express, false, { errors: 'ekiben' }), traits)
  hostConformance(`${name} behind express.json()`, () => start(express, true, {}), {
    ...traits,
    ownErrors: true,
    ownParsers: true,
  })
}
