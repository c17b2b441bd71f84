import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ConformanceService, type HostUnderTest, hostConformance } from '@ekiben/core/testing'
import { type ServeOptions, serve } from '@ekiben/express-adapter'
import express5 from 'express'
import express4 from 'express4'
import { silentLog } from '../helpers/silent-log.js'

interface Setting extends ServeOptions {
  readonly express: typeof express5
  readonly parses: boolean
}

async function start(
  { service }: ConformanceService,
  { express, parses, ...options }: Setting,
): Promise<HostUnderTest> {
  const app = express()
  // Its last handler tells errors on the console otherwise.
  app.set('env', 'test')
  if (parses) app.use(express.json())
  const services = serve(service, { system: 'all', log: silentLog, ...options })
  app.use(services)
  await services.ready()
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close()
      services.beginDrain()
      server.closeIdleConnections()
      await once(server, 'close')
      await services.close()
    },
  }
}

for (const [name, express] of Object.entries({ 'Express 5': express5, 'Express 4': express4 })) {
  const traits = { ownNotFound: true, poweredBy: true }
  hostConformance((given) => start(given, { express, parses: false, errors: 'ekiben' }), { ...traits, name })
  hostConformance((given) => start(given, { express, parses: true }), {
    ...traits,
    name: `${name} behind its own parsers`,
    ownErrors: true,
    ownParsers: true,
  })
}
