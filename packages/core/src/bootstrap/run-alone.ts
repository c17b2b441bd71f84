import { type AddressInfo, Server as NetServer } from 'node:net'
import type { ServeSettings } from '../config/serve-settings.js'
import { warnUnusedInDevelopment } from '../config/unused-in-development.js'
import { renderOwnMetrics } from '../development/render-own-metrics.js'
import { createMount } from '../hosting/create-mount.js'
import { enterScope } from '../hosting/mount-scope.js'
import { listenError } from '../http/listen.js'
import { WorkerCounts } from '../metrics/worker-counts.js'
import { listenBehind, longestBoundPath } from '../net/listen-privately.js'
import { checkSocketPath, fileIdentity, freeSocketPath, takeAway } from '../net/socket-path.js'
import { socketAddress } from '../net/socket-url.js'
import { createLogger } from '../observe/create-logger.js'
import type { Logger } from '../observe/logger.js'
import { backlogWarnings } from '../plan/plan-warnings.js'
import { readSomaxconn } from '../plan/read-machine.js'
import type { Server } from '../supervisor/server.js'
import { HandshakeFailures } from '../tls/handshake-failures.js'
import { AppRequests } from '../worker/entry/app/app-requests.js'
import { type AppEncryption, AppServer } from '../worker/entry/app/app-server.js'
import type { BuildApp, BuildContext } from './bootstrap-options.js'
import { type LoneHost, LoneServer } from './lone-server.js'
import { type ListenWhere, type RunnableApp, toRunnableApp } from './runnable-app.js'
import type { AppSettings } from './supervise-app.js'
import { withBacklog } from './with-backlog.js'

/** Runs the app in this process, with the services that it calls. */
export async function runAlone(build: BuildApp, app: AppSettings): Promise<Server> {
  const { settings, handleSignals, registry } = app
  const { sources, instance } = settings
  const name = settings.app?.name ?? ''
  const log = createLogger({ ...settings.log, bindings: instance === undefined ? {} : { instance } })
  log.info({ mode: 'one process', why: sources.developmentMode, main: settings.app?.main }, 'starting')
  warnUnusedInDevelopment(sources, { isApp: true, isApart: false, entry: name }, log)
  const warnings = backlogWarnings(settings, { somaxconn: await readSomaxconn() })
  for (const { code, message } of warnings) log.warn({ code }, message)
  const surroundings = await app.claimSurroundings(log)
  const leaving = new AbortController()
  try {
    const counts = new WorkerCounts()
    const encryption = await readEncryption(settings, new HandshakeFailures(log, counts.handshakes), log)
    // As its workers would run there. Embedded, the process is somebody else's.
    if (handleSignals) process.chdir(settings.workingDir)
    const metrics = renderOwnMetrics({ name, counts, registry, log })
    const tidy = surroundings.close.bind(surroundings)
    const server = new LoneServer({ name, leaving, settings, handleSignals, tidy, log })
    server.take({ ...(await buildAndOpen(build, { settings, leaving, encryption, log })), metrics })
    surroundings.show(server.shown)
    return server
  } catch (error) {
    leaving.abort(error)
    await surroundings.close(undefined)
    throw error
  }
}

interface BuildOptions {
  readonly settings: ServeSettings
  readonly leaving: AbortController
  readonly encryption: AppEncryption | undefined
  readonly log: Logger
}

/** Rejects with no service left running. */
async function buildAndOpen(build: BuildApp, options: BuildOptions): Promise<OpenedHost> {
  const { settings, leaving, encryption, log } = options
  const services = servicesHere(log)
  try {
    const { client } = services
    const runnable = toRunnableApp(await build({ client, signal: leaving.signal, slot: 0 }))
    return await openHost(runnable, { settings, services, encryption })
  } catch (error) {
    leaving.abort(error)
    await services.stop().catch(() => {})
    throw error
  }
}

/** Services that run in this process, each once. */
interface ServicesHere extends Pick<BuildContext, 'client'> {
  /** Resolves when those that the app has mounted by now run; rejects with why one does not. */
  started(): Promise<void>
  stop(): Promise<void>
}

function servicesHere(log: Logger): ServicesHere {
  const mount = createMount([], { log })
  // That of every mount that names none, as those of Express.
  const { graph } = enterScope(undefined, { log })
  return {
    client: mount.client.bind(mount),
    started: () => graph.started(),
    stop: async () => {
      await mount.close()
      // An app of Express has no end of its own at which it would stop what it has mounted.
      await graph.stop()
    },
  }
}

/** What the app's server encrypts with; undefined: it does not. */
async function readEncryption(
  { ssl }: ServeSettings,
  failures: HandshakeFailures,
  log: Logger,
): Promise<AppEncryption | undefined> {
  if (ssl === undefined) return undefined
  const { TlsKeeper } = await import('../supervisor/tls-keeper.js')
  const { identity, warnings } = await (await TlsKeeper.open(ssl)).read({ ssl })
  for (const { code, message } of warnings) log.warn({ code }, message)
  return { identity, failures }
}

interface ListenPreparation {
  /** Called for the server that is to listen, which may be made only then. */
  readonly prepare: ((server: NetServer) => void) | undefined
  readonly backlog: number
}

/** Has `listen` run, by which a server of the app's comes to listen. */
async function beforeListen(
  { prepare, backlog }: ListenPreparation,
  listen: () => Promise<NetServer>,
): Promise<NetServer> {
  const { listen: own } = NetServer.prototype
  NetServer.prototype.listen = function (this: NetServer, ...args: unknown[]) {
    prepare?.(this)
    return Reflect.apply(own, this, [...withBacklog(args, backlog)]) as NetServer
  } as typeof own
  try {
    return await listen()
  } finally {
    NetServer.prototype.listen = own
  }
}

interface HostOptions {
  readonly settings: ServeSettings
  readonly services: Pick<ServicesHere, 'started' | 'stop'>
  readonly encryption: AppEncryption | undefined
}

type OpenedHost = Omit<LoneHost, 'metrics'>

/** Has the app listen, and looks after its requests from then on. */
async function openHost(app: RunnableApp, { settings, services, encryption }: HostOptions): Promise<OpenedHost> {
  const calls = new AppRequests()
  let server: AppServer | undefined
  const prepare = encryption === undefined ? undefined : (listening: NetServer) => look(listening, encryption)
  const look = (listening: NetServer, encryption?: AppEncryption): AppServer => {
    server ??= new AppServer(listening, calls, encryption)
    return server
  }
  const { backlog } = settings
  const listen: Listen = (where) => beforeListen({ prepare, backlog }, () => app.listen(where))
  const close = async (): Promise<void> => {
    await app.close?.()
    await services.stop()
  }
  try {
    await services.started()
    const { uds } = settings
    const { listening, ...where } =
      uds === undefined ? await listenOnPort(listen, settings) : await listenOnPath(listen, { ...settings, uds })
    const looked = look(listening)
    keepAlive(listening, settings)
    return { ...where, calls, drain: (options) => looked.drain(options, {}), close }
  } catch (error) {
    await Promise.resolve(app.close?.()).catch(() => {})
    throw error
  }
}

/** The app's own limit, unless another is given. */
function keepAlive(server: NetServer, { keepAliveTimeoutMs, sources }: ServeSettings): void {
  const isGiven = (sources.timeoutKeepAlive ?? 'default') !== 'default'
  if (isGiven && 'keepAliveTimeout' in server) server.keepAliveTimeout = keepAliveTimeoutMs
}

type Listen = (where: ListenWhere) => Promise<NetServer>

interface Listening extends Pick<LoneHost, 'address' | 'onStop'> {
  readonly listening: NetServer
}

async function listenOnPort(listen: Listen, { port, host }: Pick<ServeSettings, 'port' | 'host'>): Promise<Listening> {
  try {
    const listening = await listen({ port, host })
    const bound = listening.address() as AddressInfo
    return { listening, address: { host: bound.address, port: bound.port } }
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
): Promise<Listening> {
  const at = { path, option: '--uds' }
  checkSocketPath(at, Buffer.byteLength(longestBoundPath(path)))
  await freeSocketPath(at)
  try {
    const listening = await listenBehind({ path, mode }, (prepared) => listen({ path: prepared }))
    const identity = fileIdentity(path)
    const onStop = (): unknown => identity !== undefined && takeAway(path, identity)
    return { listening, address: { host: path, port: 0 }, onStop }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw listenError(error as NodeJS.ErrnoException, path)
  }
}
