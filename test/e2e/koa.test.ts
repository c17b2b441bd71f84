import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { pathToFileURL } from 'node:url'
import type { ServiceClass } from '@ekiben/core'
import type { MountOptions } from '@ekiben/core/adapter'
import { type ConformanceService, type HostUnderTest, hostConformance } from '@ekiben/core/testing'
import Koa from 'koa'
import { koaAdapter } from '../helpers/koa-adapter.js'
import { silentLog } from '../helpers/silent-log.js'

type KoaAdapter = (services: ServiceClass, options: MountOptions) => KoaMiddleware

interface KoaMiddleware extends Koa.Middleware {
  ready(): Promise<void>
  beginDrain(): void
  close(): Promise<void>
}

/** The adapter that docs/adapters.md makes, as a reader would use it. */
async function start({ service }: ConformanceService, options: MountOptions): Promise<HostUnderTest> {
  const adapter = await koaAdapter()
  const { ekiben } = (await import(pathToFileURL(adapter.file).href)) as { ekiben: KoaAdapter }
  const services = ekiben(service, { system: 'all', log: silentLog, ...options })
  await services.ready()
  const app = new Koa()
  app.silent = true
  app.use(services)
  const server: Server & { closeIdleConnections(): void } = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close()
      services.beginDrain()
      server.closeIdleConnections()
      await once(server, 'close')
      await services.close()
      await adapter[Symbol.asyncDispose]()
    },
  }
}

hostConformance((given) => start(given, { errors: 'ekiben' }), { name: 'Koa', ownNotFound: true })
hostConformance((given) => start(given, {}), { name: "Koa, with errors of Koa's", ownNotFound: true, ownErrors: true })
