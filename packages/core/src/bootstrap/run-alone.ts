import { type AddressInfo, Server as NetServer } from 'node:net'
import type { ServeSettings } from '../config/serve-settings.js'
import { createMount } from '../hosting/create-mount.js'
import { enterScope } from '../hosting/mount-scope.js'
import { listenError } from '../http/listen.js'
import { listenBehind, longestBoundPath } from '../net/listen-privately.js'
import { checkSocketPath, fileIdentity, freeSocketPath, takeAway } from '../net/socket-path.js'
import { socketAddress } from '../net/socket-url.js'
import { createLogger } from '../observe/create-logger.js'
import type { Logger } from '../observe/logger.js'
import type { Server } from '../supervisor/server.js'
import { HandshakeFailures } from '../tls/handshake-failures.js'
import type { AppEncryption } from '../worker/entry/app/app-server.js'
import type { BuildApp, BuildContext } from './bootstrap-options.js'
import { LoneServer } from './lone-server.js'
import { type ListenWhere, toRunnableApp } from './runnable-app.js'
import type { AppSettings } from './supervise-app.js'

/** Nobody else is to reach an app that somebody works on. */
const OWN_MACHINE = '127.0.0.1'

/** Runs the app in this process, with the services that it calls. */
export async function runAlone(build: BuildApp, { settings, handleSignals }: AppSettings): Promise<Server> {
  const { app } = settings
  const log = createLogger(settings.log)
  log.info({ mode: 'one process', why: 'NODE_ENV is not production', main: app?.main }, 'starting')
  const encryption = await readEncryption(settings, log)
  const services = servicesHere(log)
  const leaving = new AbortController()
  try {
    const { client } = services
    const runnable = toRunnableApp(await build({ client, signal: leaving.signal, slot: 0 }))
    const server = new LoneServer({ app: runnable, services, leaving, settings, log })
    const listen: Listen = (where) =>
      beforeListen(encryption && ((of) => server.encrypt(of, encryption)), () => runnable.listen(where))
    try {
      if (settings.uds === undefined) await listenOnPort(listen, settings, server)
      else await listenOnPath(listen, { ...settings, uds: settings.uds }, server)
    } catch (error) {
      await Promise.resolve(runnable.close?.()).catch(() => {})
      throw error
    }
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

type Listen = (where: ListenWhere) => Promise<NetServer>

async function listenOnPort(
  listen: Listen,
  { port, sources, ...settings }: Pick<ServeSettings, 'port' | 'host' | 'sources'>,
  server: LoneServer,
): Promise<void> {
  const host = sources.host === 'default' ? OWN_MACHINE : settings.host
  try {
    const listening = await listen({ port, host })
    const bound = listening.address() as AddressInfo
    server.take(listening, { host: bound.address, port: bound.port })
  } catch (error) {
    const { syscall } = error as NodeJS.ErrnoException
    if (syscall !== 'listen' && syscall !== 'bind' && syscall !== 'getaddrinfo') throw error
    throw listenError(error as NodeJS.ErrnoException, socketAddress(host, port))
  }
}

/** By the app's own means as well: the file comes to be at its path when it is as it should be. */
async function listenOnPath(
  listen: Listen,
  { uds: path, udsMode: mode }: { readonly uds: string; readonly udsMode: number },
  server: LoneServer,
): Promise<void> {
  const at = { path, option: '--uds' }
  checkSocketPath(at, Buffer.byteLength(longestBoundPath(path)))
  await freeSocketPath(at)
  try {
    const listening = await listenBehind({ path, mode }, (prepared) => listen({ path: prepared }))
    const identity = fileIdentity(path)
    server.take(listening, { host: path, port: 0 }, () => identity !== undefined && takeAway(path, identity))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw listenError(error as NodeJS.ErrnoException, path)
  }
}
