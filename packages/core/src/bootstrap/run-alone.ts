import { createMount } from '../hosting/create-mount.js'
import { listenError } from '../http/listen.js'
import { socketAddress } from '../net/socket-url.js'
import { createLogger } from '../observe/create-logger.js'
import type { Server } from '../supervisor/server.js'
import type { BuildApp } from './bootstrap-options.js'
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
  const mount = createMount([], { log })
  const leaving = new AbortController()
  try {
    const client = mount.client.bind(mount)
    const runnable = toRunnableApp(await build({ client, signal: leaving.signal, slot: 0 }))
    const server = new LoneServer({ app: runnable, mount, leaving, settings, log })
    await listenAt(runnable, { port, host, server })
    if (handleSignals) server.stopBySignals()
    return server
  } catch (error) {
    leaving.abort(error)
    await mount.close().catch(() => {})
    throw error
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
