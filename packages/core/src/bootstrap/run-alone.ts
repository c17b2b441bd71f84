import { createMount } from '../hosting/create-mount.js'
import { enterScope } from '../hosting/mount-scope.js'
import { listenError } from '../http/listen.js'
import { socketAddress } from '../net/socket-url.js'
import { createLogger } from '../observe/create-logger.js'
import type { Logger } from '../observe/logger.js'
import type { Server } from '../supervisor/server.js'
import type { BuildApp, BuildContext } from './bootstrap-options.js'
import { LoneServer } from './lone-server.js'
import { type RunnableApp, toRunnableApp } from './runnable-app.js'
import type { AppSettings } from './supervise-app.js'

/** Nobody else is to reach an app that somebody works on. */
const OWN_MACHINE = '127.0.0.1'

/** Runs the app in this process, with the services that it calls. */
export async function runAlone(build: BuildApp, { settings, handleSignals }: AppSettings): Promise<Server> {
  const { port, sources, app } = settings
  const host = sources.host === 'default' ? OWN_MACHINE : settings.host
  const log = createLogger(settings.log)
  log.info({ mode: 'one process', why: 'NODE_ENV is not production', main: app?.main }, 'starting')
  const services = servicesHere(log)
  const leaving = new AbortController()
  try {
    const { client } = services
    const runnable = toRunnableApp(await build({ client, signal: leaving.signal, slot: 0 }))
    const server = new LoneServer({ app: runnable, services, leaving, settings, log })
    await listenAt(runnable, { port, host, server })
    if (handleSignals) server.stopBySignals()
    return server
  } catch (error) {
    leaving.abort(error)
    await services.stop().catch(() => {})
    throw error
  }
}

/** Clients of services that run in this process, each once, and an end of all of them. */
function servicesHere(log: Logger): Pick<BuildContext, 'client'> & { stop(): Promise<void> } {
  const mount = createMount([], { log })
  // That of every mount that names none, as those of Express.
  const { graph } = enterScope(undefined, { log })
  return {
    client: mount.client.bind(mount),
    stop: async () => {
      await mount.close()
      // An app of Express has no end of its own at which it would stop what it has mounted.
      await graph.stop()
    },
  }
}

async function listenAt(
  app: RunnableApp,
  { port, host, server }: { readonly port: number; readonly host: string; readonly server: LoneServer },
): Promise<void> {
  try {
    server.take(await app.listen(port, host))
  } catch (error) {
    await Promise.resolve(app.close?.()).catch(() => {})
    const { syscall } = error as NodeJS.ErrnoException
    if (syscall !== 'listen' && syscall !== 'bind' && syscall !== 'getaddrinfo') throw error
    throw listenError(error as NodeJS.ErrnoException, socketAddress(host, port))
  }
}
