import { Server as NetServer } from 'node:net'
import type { ServeSettings } from '../config/serve-settings.js'
import { createMount } from '../hosting/create-mount.js'
import { enterScope } from '../hosting/mount-scope.js'
import { listenError } from '../http/listen.js'
import { socketAddress } from '../net/socket-url.js'
import { createLogger } from '../observe/create-logger.js'
import type { Logger } from '../observe/logger.js'
import type { Server } from '../supervisor/server.js'
import { HandshakeFailures } from '../tls/handshake-failures.js'
import type { AppEncryption } from '../worker/entry/app/app-server.js'
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
  const encryption = await readEncryption(settings, log)
  const services = servicesHere(log)
  const leaving = new AbortController()
  try {
    const { client } = services
    const runnable = toRunnableApp(await build({ client, signal: leaving.signal, slot: 0 }))
    const server = new LoneServer({ app: runnable, services, leaving, settings, log })
    await listenAt(runnable, { port, host, server, encryption })
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

/** What the app's server encrypts with; undefined: it does not. */
async function readEncryption({ ssl }: ServeSettings, log: Logger): Promise<AppEncryption | undefined> {
  if (ssl === undefined) return undefined
  const { TlsKeeper } = await import('../supervisor/tls-keeper.js')
  const { identity, warnings } = await (await TlsKeeper.open(ssl)).read({ ssl })
  for (const { code, message } of warnings) log.warn({ code }, message)
  return { identity, failures: new HandshakeFailures(log, undefined) }
}

/** Has `listen` run with `prepare` called for the server that it has listen, which may be made only then. */
async function beforeListen(
  prepare: ((server: NetServer) => void) | undefined,
  listen: () => Promise<NetServer>,
): Promise<NetServer> {
  if (prepare === undefined) return listen()
  const { listen: own } = NetServer.prototype
  NetServer.prototype.listen = function (this: NetServer, ...args: unknown[]) {
    prepare(this)
    return Reflect.apply(own, this, args) as NetServer
  } as typeof own
  try {
    return await listen()
  } finally {
    NetServer.prototype.listen = own
  }
}

interface ListenAtOptions {
  readonly port: number
  readonly host: string
  readonly server: LoneServer
  readonly encryption: AppEncryption | undefined
}

async function listenAt(app: RunnableApp, { port, host, server, encryption }: ListenAtOptions): Promise<void> {
  try {
    server.take(
      await beforeListen(encryption && ((of) => server.encrypt(of, encryption)), () => app.listen(port, host)),
    )
  } catch (error) {
    await Promise.resolve(app.close?.()).catch(() => {})
    const { syscall } = error as NodeJS.ErrnoException
    if (syscall !== 'listen' && syscall !== 'bind' && syscall !== 'getaddrinfo') throw error
    throw listenError(error as NodeJS.ErrnoException, socketAddress(host, port))
  }
}
