import type { ServeSettings } from '../config/serve-settings.js'
import { createError } from '../errors/service-error.js'
import type { ServiceGraph } from '../graph/service-graph.js'
import type { HttpSettings } from '../ipc/protocol.js'
import { createLogger } from '../observe/create-logger.js'
import type { Logger } from '../observe/logger.js'
import type { ServePlan } from '../plan/serve-plan.js'
import { SUPERVISION_DEFAULTS } from '../plan/supervision-defaults.js'
import { awaitAnnouncement } from './announcement.js'
import { Instance } from './instance.js'
import { createInstanceFolder, type InstanceFolder } from './instance-folder.js'
import type { BoundSocket } from './listen-socket.js'
import { openPublicSocket } from './public-socket.js'
import type { Server } from './server.js'
import { defaultInstanceName, serviceSource } from './service-source.js'
import { controlBySignals } from './signal-control.js'
import { WorkerFactory, type WorkerFactoryOptions } from './worker-factory.js'
import type { WorkerUser } from './worker-user.js'

const FIRST_GENERATION = 1

const LEFTOVERS = 'workers whose supervisor died are still there; the start goes on when they have ended'
const PID_ONE =
  'running as PID 1 without an init: processes that lose their parent stay behind as zombies; use tini or docker run --init'

export interface StartServingOptions {
  /** Stop by TERM, INT and the others of docs/signals.md; the caller ends the process when `closed` resolves. */
  readonly handleSignals: boolean
}

/** Starts an instance; resolves when its whole graph is ready, rejects with a coded error and nothing left behind. */
export async function startServing(settings: ServeSettings, { handleSignals }: StartServingOptions): Promise<Server> {
  refusePlatform()
  const source = serviceSource(settings)
  const wanted = settings.instance ?? settings.name ?? defaultInstanceName(settings)
  const explicit = settings.instance !== undefined
  const user = await findUser(settings)
  const folder = await createInstanceFolder({
    env: process.env,
    instance: wanted,
    explicit,
    pid: process.pid,
    workers: user,
    onLeftovers: (pids) => createLogger(settings.log).warn({ pids }, LEFTOVERS),
  })
  const name = folder.instance
  const log = createLogger({ ...settings.log, bindings: { instance: name } })
  if (process.pid === 1) log.warn({}, PID_ONE)
  const common = factoryOptions(settings, { instance: name, source })
  const socket = await openSocket(settings, { folder, log })
  const instance = new Instance({
    name,
    settings,
    socket,
    folder,
    factory: new WorkerFactory({
      ...common,
      user,
      ledger: folder.ledger,
      publicSocket: { fd: socket.fd, http: httpSettings(settings, socket) },
      socketPath: (...parts) => folder.socketPath(parts.join('/')),
    }),
    makePlan: (announced) => makePlan(announced, settings),
    firstBootTimeoutMs: common.bootTimeoutMs,
    log,
  })
  if (handleSignals) controlBySignals(instance, log)
  await instance.start()
  return instance
}

/** What `serve` would do: no socket is bound, and only the process that reads the graph is started. */
export async function describePlan(settings: ServeSettings): Promise<{ readonly plan: ServePlan }> {
  return { plan: await makePlan(describeGraph(settings), settings) }
}

/** The graph of a service, read by a short process of its own. */
export async function describeGraph(settings: ServeSettings): Promise<ServiceGraph> {
  refusePlatform()
  const common = factoryOptions(settings, {
    instance: settings.instance ?? 'describe',
    source: serviceSource(settings),
  })
  const factory = new WorkerFactory({
    ...common,
    user: await findUser(settings),
    publicSocket: undefined,
    socketPath: () => '',
  })
  const worker = factory.makeFirst('describe')
  const { bootTimeoutMs } = common
  try {
    return await awaitAnnouncement(worker, { bootTimeoutMs, signal: new AbortController().signal })
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

type CommonOptions = Omit<WorkerFactoryOptions, 'publicSocket' | 'socketPath'>

function factoryOptions(settings: ServeSettings, which: Pick<CommonOptions, 'instance' | 'source'>): CommonOptions {
  return {
    ...which,
    generation: FIRST_GENERATION,
    log: settings.log,
    inherited: process.env,
    envAllow: settings.envAllow,
    execArgv: process.execArgv.filter((argument) => !argument.startsWith('--inspect')),
    bootTimeoutMs: settings.supervision.bootTimeoutMs ?? SUPERVISION_DEFAULTS.bootTimeoutMs,
  }
}

/** The code that looks users up is loaded where one is given. */
async function findUser({ user, group }: ServeSettings): Promise<WorkerUser | undefined> {
  if (user === undefined && group === undefined) return undefined
  return (await import('./worker-user.js')).findWorkerUser({ user, group })
}

async function openSocket(
  settings: ServeSettings,
  { folder, log }: { readonly folder: InstanceFolder; readonly log: Logger },
): Promise<BoundSocket> {
  try {
    return await openPublicSocket(settings, log)
  } catch (error) {
    await folder.remove()
    throw error
  }
}

function httpSettings(settings: ServeSettings, { host, port, backlog }: BoundSocket): HttpSettings {
  const { keepAliveTimeoutMs, accessLog } = settings
  return { backlog, keepAliveTimeoutMs, accessLog, address: { host, port } }
}

function refusePlatform(): void {
  if (process.platform === 'win32') throw createError('EKB_ERR_PLATFORM', { platform: process.platform })
}
