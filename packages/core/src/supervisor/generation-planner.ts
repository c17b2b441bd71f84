import { realpathSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { ServeSettings } from '../config/serve-settings.js'
import { createError } from '../errors/service-error.js'
import type { ServiceGraph } from '../graph/service-graph.js'
import type { ServiceSource } from '../ipc/protocol.js'
import type { WorkerTrait } from '../ipc/worker-variables.js'
import type { Logger } from '../observe/logger.js'
import type { ServePlan, ServicePlan } from '../plan/serve-plan.js'
import { ThreadHosts } from '../worker/thread-hosts.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import { awaitAnnouncement } from './announcement.js'
import { announcementTimeoutMs, entryProcess, fitsPlan } from './entry-process.js'
import type { Generation } from './generation.js'
import { GenerationGrowth } from './generation-growth.js'
import { serviceSource } from './service-source.js'
import type { TlsKeeper } from './tls-keeper.js'
import { workerExecArgv } from './worker-exec-argv.js'
import { WorkerFactory, type WorkerFactoryOptions } from './worker-factory.js'

export type PlannerOptions = Pick<
  WorkerFactoryOptions,
  'instance' | 'user' | 'ledger' | 'publicSocket' | 'appSockets' | 'slotSockets' | 'local' | 'socketPath'
> & {
  /** Reads what workers encrypt with; undefined: they do not. */
  readonly tls: TlsKeeper | undefined
  /** Is there an admin server, for as long as the instance lives? */
  readonly hasAdmin: boolean
  /** Is told which files workers have loaded; undefined: nobody wants to know. */
  readonly onLoaded?: ((generation: number, files: readonly string[]) => void) | undefined
  readonly makePlan: (announced: Promise<ServiceGraph>, settings: ServeSettings) => Promise<ServePlan>
  readonly log: Logger
}

export interface PlanRequest {
  readonly number: number
  readonly settings: ServeSettings
  /** Gives it up: what was started for it is killed. */
  readonly signal: AbortSignal
  /** Where nothing is served yet: the cores that the first worker leaves idle boot others of its service. */
  readonly beside?: boolean
}

/** Makes generations: finds the code anew, has its first entry worker announce the graph, plans, and deploys. */
export class GenerationPlanner {
  readonly #options: PlannerOptions
  readonly #threadHosts = new ThreadHosts()

  constructor(options: PlannerOptions) {
    this.#options = options
  }

  /** The public socket is given up: nobody will listen on it any more. */
  clearSockets(): void {
    this.#threadHosts.clearSockets()
  }

  /** Rejects with a coded error, and nothing left behind, when there can be no such generation. */
  async plan({ number, settings, signal, beside = false }: PlanRequest): Promise<Generation> {
    const source = pin(serviceSource(settings))
    const bootTimeoutMs = announcementTimeoutMs(settings)
    const { slotSockets } = this.#options
    await slotSockets?.reach(beside ? workersBegun(settings) : 1)
    const read = await this.#options.tls?.read(settings)
    const tls = read?.identity
    const factory = this.#factory(number, settings, { source, bootTimeoutMs, tls })
    const first = factory.makeFirst('announce')
    const announced = awaitAnnouncement(first, { bootTimeoutMs, signal })
    const begun = beside ? [first, ...spawnBeside(factory, settings)] : [first]
    try {
      const planned = this.#options.makePlan(
        announced.then(({ graph }) => graph),
        settings,
      )
      const [plan, { graph, located, modules }] = await Promise.all([planned, announced])
      for (const { code, message } of [...plan.warnings, ...(read?.warnings ?? [])])
        this.#options.log.warn({ code }, message)
      const pinned = this.#factory(number, settings, {
        source: { ...source, located, ...(source.type === 'main' && { modules }) } as ServiceSource,
        bootTimeoutMs,
        tls,
      })
      const deploy = (services: readonly ServicePlan[]): Promise<void> => this.#deploy(services, pinned, signal)
      await deploy(plan.services)
      const entry = plan.services.find((service) => service.entry)
      await slotSockets?.reach(entry?.workers ?? 1)
      const isFit = entry !== undefined && fitsPlan(entry, process.env, entryProcess(settings))
      const wanted = isFit ? entry.workers : 0
      // Variables and flags are fixed when a process is spawned: a fresh worker takes the place of one that lacks them.
      await endAll(begun.slice(wanted))
      // Once it has announced, the first worker is given up by nobody but whoever goes on with it.
      if (signal.aborted) throw createError('EKB_ERR_STOPPED_BEFORE_READY', {})
      return {
        number,
        plan,
        stopTimeoutMs: settings.gracefulShutdownMs,
        pinned: { workingDir: source.workingDir, entry: located.file },
        makeWorker: (service, slot) => pinned.make(service, slot),
        begun: begun.slice(0, wanted),
        growth: new GenerationGrowth({
          graph,
          factory: pinned,
          plan: (joined) => this.#options.makePlan(Promise.resolve(joined), settings),
          deploy,
        }),
      }
    } catch (error) {
      await endAll(begun)
      throw error
    }
  }

  #factory(
    generation: number,
    settings: ServeSettings,
    which: Pick<WorkerFactoryOptions, 'source' | 'bootTimeoutMs' | 'tls'>,
  ): WorkerFactory {
    const { instance, user, ledger, publicSocket, appSockets, slotSockets, local, socketPath } = this.#options
    const { cors, systemRoutes, prefix, trustProxy, keepAliveTimeoutMs, accessLog } = settings
    const socket = publicSocket && {
      ...publicSocket,
      http: { ...publicSocket.http, cors, systemRoutes, prefix, trustProxy, keepAliveTimeoutMs, accessLog },
    }
    const own = { instance, user, ledger, publicSocket: socket, appSockets, slotSockets, local, socketPath }
    const parts = { threadHosts: this.#threadHosts, ...this.#watching(generation), traits: this.#traits }
    return new WorkerFactory({ ...own, ...parts, ...which, ...inheritance(settings), generation })
  }

  #watching(generation: number): Pick<WorkerFactoryOptions, 'onLoaded'> {
    const { onLoaded } = this.#options
    return onLoaded === undefined ? {} : { onLoaded: (files) => onLoaded(generation, files) }
  }

  get #traits(): readonly WorkerTrait[] {
    const { onLoaded, hasAdmin } = this.#options
    return [...(onLoaded ? ['watched' as const] : []), ...(hasAdmin ? ['admin' as const] : [])]
  }

  /** Dependencies first: what a service prepares may need what they have prepared. */
  async #deploy(services: readonly ServicePlan[], factory: WorkerFactory, signal: AbortSignal): Promise<void> {
    const deploying = services.filter(({ deploys }) => deploys)
    if (deploying.length === 0) return
    const { awaitDeployment } = await import('./deployment.js')
    for (const service of deploying) {
      await awaitDeployment(factory.makeDeploy(service), { service, signal })
      this.#options.log.info({ service: service.name }, 'deployed')
    }
  }
}

/** As many entry workers as are known to be wanted, while there are cores for them. */
function spawnBeside(factory: WorkerFactory, settings: ServeSettings): readonly WorkerHandle[] {
  const beside: WorkerHandle[] = []
  for (let slot = 1; slot < workersBegun(settings); slot++) {
    const worker = factory.makeBesideFirst(slot)
    worker.spawn({ onState: () => {}, onAnnounced: () => {}, onTerminated: () => worker.kill(), onWithdrawn: () => {} })
    beside.push(worker)
  }
  return beside
}

/** How many entry workers are started before the plan is known. */
function workersBegun({ apiWorkers }: ServeSettings): number {
  const cores = availableParallelism()
  return Math.min(apiWorkers === 'cpu' ? cores : (apiWorkers ?? 1), cores)
}

async function endAll(workers: readonly WorkerHandle[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.end()))
}

/** What every process of ours hands on to its workers. */
export function inheritance(
  settings: ServeSettings,
): Pick<WorkerFactoryOptions, 'log' | 'inherited' | 'unplanned' | 'execArgv'> {
  return {
    log: settings.log,
    inherited: process.env,
    unplanned: entryProcess(settings),
    execArgv: workerExecArgv(process.execArgv),
  }
}

/** A release folder behind a link stays the one it was for every worker of the generation. */
export function pin(source: ServiceSource): ServiceSource {
  const workingDir = realpathSync(source.workingDir)
  return { ...source, workingDir }
}
