import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ServiceClass } from '@ekiben/core'
import type { MountOptions } from '@ekiben/core/adapter'
import { type ConformanceService, type HostUnderTest, hostConformance } from '@ekiben/core/testing'
import Koa from 'koa'
import { projectFolder } from '../helpers/project-folder.js'
import { silentLog } from '../helpers/silent-log.js'

type KoaAdapter = (services: ServiceClass, options: MountOptions) => KoaMiddleware

interface KoaMiddleware extends Koa.Middleware {
  ready(): Promise<void>
  beginDrain(): void
  close(): Promise<void>
}

const page = readFileSync(join(import.meta.dirname, '../../docs/adapters.md'), 'utf8')
const adapter = /^```js file=koa-ekiben\.mjs\n(.*?)^```$/ms.exec(page)?.[1] ?? ''

/** The adapter that docs/adapters.md makes, as a reader would use it. */
async function start({ service }: ConformanceService, options: MountOptions): Promise<HostUnderTest> {
  const project = await projectFolder({ 'koa-ekiben.mjs': adapter })
  const { ekiben } = (await import(pathToFileURL(join(project.path, 'koa-ekiben.mjs')).href)) as { ekiben: KoaAdapter }
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
      await project[Symbol.asyncDispose]()
    },
  }
}

hostConformance((given) => start(given, { errors: 'ekiben' }), { name: 'Koa', ownNotFound: true })
hostConformance((given) => start(given, {}), { name: "Koa, with errors of Koa's", ownNotFound: true, ownErrors: true })
