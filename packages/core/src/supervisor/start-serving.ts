import cluster from 'node:cluster'
import type { ServeSettings } from '../config/serve-settings.js'
import type { ReloadOnChange } from '../development/reload-on-change.js'
import { createError, isServiceError } from '../errors/service-error.js'
import type { ServiceGraph } from '../graph/service-graph.js'
import { createLogger } from '../observe/create-logger.js'
import type { Logger } from '../observe/logger.js'
import type { ServePlan } from '../plan/serve-plan.js'
import { isWorker } from '../util/below-supervisor.js'
import type { LocalWorker } from '../worker/local-backend.js'
import { awaitAnnouncement } from './announcement.js'
import { AppSockets } from './app-sockets.js'
import { announcementTimeoutMs } from './entry-process.js'
import { GenerationPlanner, inheritance, pin } from './generation-planner.js'
import { httpSettings } from './http-settings.js'
import { Instance } from './instance.js'
import { createInstanceFolder, type InstanceFolder } from './instance-folder.js'
import type { ListenSocket } from './listen-socket.js'
import { createNotifier } from './notify.js'
import { openTls } from './open-tls.js'
import { openPublicSocket } from './public-socket.js'
import type { Server } from './server.js'
import { defaultInstanceName, serviceSource } from './service-source.js'
import { controlBySignals } from './signal-control.js'
import { holdSignals, type ReleaseSignals } from './signals.js'
import type { SlotSockets } from './slot-sockets.js'
import { Surroundings } from './surroundings.js'
import { WorkerFactory } from './worker-factory.js'
import type { WorkerUser } from './worker-user.js'

const LEFTOVERS = 'workers whose supervisor died are still there; the start goes on when they have ended'
const PID_ONE =
  'running as PID 1 without an init: processes that lose their parent stay behind as zombies; use tini or docker run --init'

export interface LocalEntry {
  readonly worker: LocalWorker
  readonly log: Logger
  /** The supervisor above this process, where there is one, has no workers but this one. */
  readonly isOnlyWorker: boolean
}

export interface StartServingOptions {
  /** Stop by TERM, INT and the others of docs/signals.md; the caller ends the process when `closed` resolves. */
  readonly handleSignals: boolean
  /** Reads the settings anew, for a reload. */
  readonly readSettings: () => Promise<ServeSettings>
  /** This process itself is the only one of the entry's workers, and says in its own log how its pools are. */
  readonly local?: LocalEntry | undefined
}

/** Starts an instance; resolves when its whole graph is ready, rejects with a coded error and nothing left behind. */
export async function startServing(settings: ServeSettings, options: StartServingOptions): Promise<Server> {
  if (settings.developmentMode) {
    const { startDevelopment } = await import('../development/start-development.js')
    return startDevelopment(settings, { ...options, makePlan })
  }
  refusePlatform()
  if (!options.local?.isOnlyWorker) refuseNesting()
  refuseInspector(settings)
  const releaseSignals = options.handleSignals ? holdSignals() : () => []
  try {
    return await startInstance(settings, options, releaseSignals)
  } finally {
    releaseSignals()
  }
}

async function startInstance(
  settings: ServeSettings,
  options: StartServingOptions,
  releaseSignals: ReleaseSignals,
): Promise<Server> {
  const wanted = settings.instance ?? settings.name ?? defaultInstanceName(settings)
  const explicit = settings.instance !== undefined
  const user = await findUser(settings)
  const tls = await openTls(settings)
  const folder = await createInstanceFolder({
    env: process.env,
    instance: wanted,
    explicit,
    pid: process.pid,
    workers: user,
    onLeftovers: (pids) => createLogger(settings.log).warn({ pids }, LEFTOVERS),
  })
  const name = folder.instance
  const { handleSignals, readSettings, local } = options
  const bindings = { instance: name }
  const log = local?.log.child(bindings) ?? createLogger({ ...settings.log, bindings })
  if (process.pid === 1) log.warn({}, PID_ONE)
  const opened = await openSocket(settings, { folder, user, log })
  // What an app's workers ask for later is closed with it.
  const appSockets = settings.app && (opened instanceof AppSockets ? opened : new AppSockets(settings, opened))
  const socket = appSockets ?? opened
  const slotSockets = appSockets && (await openSlotSockets(settings, user))
  if (slotSockets !== undefined) appSockets?.closeWith(slotSockets)
  const own = { isSteered: local === undefined, endsProcess: handleSignals }
  const surroundings = new Surroundings({ settings, folder: folder.path, ...own, log })
  const release = async (error: unknown): Promise<never> => {
    socket.close()
    await surroundings.close(undefined)
    await folder.remove()
    throw error
  }
  await surroundings.claim().catch(release)
  if (local === undefined) log.info(startFacts(settings), 'starting')
  const changes = settings.reload ? await watchChanges(settings, log).catch(release) : undefined
  const planner = new GenerationPlanner({
    instance: name,
    user,
    ledger: folder.ledger,
    publicSocket: opened instanceof AppSockets ? undefined : { fd: opened.fd, http: httpSettings(settings, opened) },
    appSockets,
    slotSockets,
    local: local?.worker,
    socketPath: (...parts) => folder.socketPath(parts.join('/')),
    tls,
    hasAdmin: settings.admin !== undefined,
    makePlan,
    onLoaded: changes && ((generation, files) => changes.learn(generation, files)),
    log,
  })
  const notifier = createNotifier(settings.serviceManager, log)
  const parts = { socket, appSockets, slotSockets, folder, surroundings, planner, notifier }
  const instance = new Instance({ name, settings, readSettings, ...parts, log })
  const stopListening = handleSignals ? controlBySignals(instance, log, releaseSignals) : () => {}
  await instance.start().catch((error: unknown) => {
    changes?.close()
    // Where a signal has stopped it, the process is about to end by itself, with an exit code that another would take.
    if (!isServiceError(error, 'EKB_ERR_STOPPED_BEFORE_READY')) stopListening()
    throw error
  })
  changes?.follow(instance)
  return instance
}

/** The mode, and why it is that one. */
function startFacts({ sources: { developmentMode = 'default' }, app }: ServeSettings): object {
  const why = developmentMode === 'default' ? 'development mode is not asked for' : developmentMode
  return { mode: 'supervised', why, ...(app !== undefined && { main: app.main }) }
}

/** What `serve` would do: no socket is bound, and only the process that reads the graph is started. */
export async function describePlan(
  settings: ServeSettings,
): Promise<{ readonly plan: ServePlan; readonly graph: ServiceGraph }> {
  const read = await (await openTls(settings))?.read(settings)
  const announced = describeGraph(settings)
  const plan = await makePlan(announced, settings)
  const graph = await announced
  const { password: _secret, ...tls } = settings.ssl ?? {}
  const warnings = [...plan.warnings, ...(read?.warnings ?? [])]
  return { plan: settings.ssl === undefined ? plan : { ...plan, tls: tls as ServePlan['tls'], warnings }, graph }
}

/** The graph of a service, read by a short process of its own. */
export async function describeGraph(settings: ServeSettings): Promise<ServiceGraph> {
  refusePlatform()
  const bootTimeoutMs = announcementTimeoutMs(settings)
  const factory = new WorkerFactory({
    ...inheritance(settings),
    instance: settings.instance ?? 'describe',
    generation: 1,
    source: pin(serviceSource(settings)),
    bootTimeoutMs,
    user: await findUser(settings),
    publicSocket: undefined,
    socketPath: () => '',
  })
  const worker = factory.makeFirst('describe')
  try {
    const { graph } = await awaitAnnouncement(worker, { bootTimeoutMs, signal: new AbortController().signal })
    return graph
  } finally {
    await worker.end()
  }
}

/** What it takes to plan is loaded and read while the first worker boots. */
async function makePlan(announced: Promise<ServiceGraph>, settings: ServeSettings): Promise<ServePlan> {
  const [graph, { makeServePlan }, machine] = await Promise.all([
    announced,
    import('../plan/make-serve-plan.js'),
    import('../plan/read-machine.js').then(({ readMachine }) => readMachine()),
  ])
  return makeServePlan(graph, settings, machine)
}

/** Those of the slots, where an app's workers are to have one each: none is open yet. */
async function openSlotSockets(
  { workerListen, backlog, sources }: ServeSettings,
  owner: WorkerUser | undefined,
): Promise<SlotSockets | undefined> {
  if (workerListen === undefined) return undefined
  const { SlotSockets } = await import('./slot-sockets.js')
  return new SlotSockets({ template: workerListen, source: sources.workerListen ?? 'default', backlog, owner })
}

/** The code that looks users up is loaded where one is given. */
async function findUser({ user, group }: ServeSettings): Promise<WorkerUser | undefined> {
  if (user === undefined && group === undefined) return undefined
  return (await import('./worker-user.js')).findWorkerUser({ user, group })
}

/** The code that watches files is loaded where they are watched. */
async function watchChanges(settings: ServeSettings, log: Logger): Promise<ReloadOnChange> {
  const { ReloadOnChange } = await import('../development/reload-on-change.js')
  return new ReloadOnChange(settings, log)
}

async function openSocket(
  settings: ServeSettings,
  {
    folder,
    user,
    log,
  }: { readonly folder: InstanceFolder; readonly user: WorkerUser | undefined; readonly log: Logger },
): Promise<ListenSocket> {
  try {
    return await openPublicSocket(settings, { user, log })
  } catch (error) {
    await folder.remove()
    throw error
  }
}

/** A debugger stops a worker that others wait for. */
function refuseInspector({ inspect, sources }: ServeSettings): void {
  if (inspect === undefined) return
  throw createError('EKB_ERR_INSPECT_PRODUCTION', { source: sources.inspect ?? 'the settings' })
}

/** Two would look after the same workers, or one after workers that each begin one. */
function refuseNesting(): void {
  const above = isWorker() ? 'Ekiben' : cluster.isWorker ? 'node:cluster' : undefined
  if (above !== undefined) throw createError('EKB_ERR_NESTED_SUPERVISOR', { above })
}

function refusePlatform(): void {
  if (process.platform === 'win32') throw createError('EKB_ERR_PLATFORM', { platform: process.platform })
}
