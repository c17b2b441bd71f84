import { encodeError } from '../../errors/error-codec.js'
import { createError } from '../../errors/service-error.js'
import type { BootStage, DrainMessage, InitMessage, StartMessage } from '../../ipc/protocol.js'
import { createLogger, flushLogs } from '../../observe/create-logger.js'
import type { Logger } from '../../observe/logger.js'
import type { CallRequest } from '../../runner/call-request.js'
import { Runner } from '../../runner/runner.js'
import { bindDependencies } from '../../service/bind-dependencies.js'
import { chooseCallLimit } from './choose-call-limit.js'
import { CountReporter } from './count-reporter.js'
import type { DependencyPools } from './dependency-pools.js'
import { offerDiagnosis } from './diagnosis.js'
import type { Endpoint, Serving } from './endpoint.js'
import { Heartbeat } from './heartbeat.js'
import { loadWorkerService, type WorkerService } from './load-worker-service.js'
import type { SupervisorLink } from './supervisor-link.js'
import { VitalSigns } from './vitals.js'
import { watchDescriptors } from './watch-descriptors.js'
import { startWatchThread } from './watch-thread.js'

/** Its start takes some of the processor's time, which others need to become ready. */
const WATCH_THREAD_DELAY_MS = 200

/** The lifecycle methods a service may have. */
interface Lifecycle {
  onStart?(): unknown
  onStop?(): unknown
}

/** A worker's own life: load, construct, wait for its dependencies, serve, drain, leave. */
export class Worker {
  readonly #init: InitMessage
  readonly #link: SupervisorLink
  readonly #heartbeat: Heartbeat
  #stage: BootStage = 'load'
  #instance: Lifecycle = {}
  #runner: Runner | undefined
  #pools: DependencyPools | undefined
  #inCall: (<T>(request: CallRequest, run: () => T) => T) | undefined
  #endpoint: Endpoint | undefined
  #reporter: CountReporter | undefined
  #stopping = false
  #leaving: Promise<void> | undefined

  constructor(init: InitMessage, link: SupervisorLink) {
    this.#init = init
    this.#link = link
    this.#heartbeat = new Heartbeat(link, new VitalSigns(() => this.#runner?.calls))
  }

  /** How many other workers are connected to this one; undefined: it serves none. */
  get callers(): number | undefined {
    return this.#endpoint?.callers?.()
  }

  /** Boots and serves; a failure is reported to the supervisor, which decides. */
  async run(): Promise<void> {
    try {
      await this.#boot()
    } catch (error) {
      await this.#link.send({ type: 'boot-failed', stage: this.#stage, error: encodeError(error) })
    }
  }

  /** Readiness says no from now on, and clients are told to go elsewhere. */
  announceStop(): void {
    this.#stopping = true
    this.#endpoint?.discourage?.()
  }

  /** Finishes what is in flight and ends the process. Called again it only sets the times anew. */
  leave(how: Pick<DrainMessage, 'timeoutMs' | 'keepAliveDrainMs'>): Promise<void> {
    if (this.#leaving !== undefined) void this.#endpoint?.drain(how)
    this.#leaving ??= this.#leave(how)
    return this.#leaving
  }

  async #boot(): Promise<void> {
    this.#heartbeat.start(this.#init.heartbeatMs)
    const service = await loadWorkerService(this.#init)
    const identity = { ...this.#init.identity, service: service.definition.name }
    process.title = `ekiben: ${identity.service}#${identity.slot} g${identity.generation}`
    if (this.#init.mode === 'deploy') return this.#deploy(service)
    const { graph, located } = service
    if (this.#init.mode !== 'serve') await this.#link.send({ type: 'announced', graph, located })
    if (this.#init.mode === 'describe') return
    const log = createLogger({ ...this.#init.log, bindings: identity })
    watchDescriptors(log)
    await this.#enter('construct')
    this.#instance = (await construct(service)) as Lifecycle
    await this.#enter('held')
    void this.#link.send({ type: 'held' })
    // The code for what follows is loaded while there is nothing else to do.
    void this.#loadEndpoint()
    if (hasDependencies(service)) void loadDependencyPools()
    const reporter = new CountReporter(this.#link, this.#heartbeat)
    this.#reporter = reporter
    const start = await this.#link.next('start')
    await this.#enter('start')
    await this.#connect({ service, start, log, reporter })
    await this.#instance.onStart?.()
    await this.#enter('listen')
    this.#endpoint = await this.#openEndpoint({ service, start, log, reporter })
    if (start.standby) {
      void this.#link.send({ type: 'standby' })
      startWatchThread(log)
      await this.#link.next('admit')
    }
    await this.#link.send({ type: 'ready', address: await this.#endpoint.listen() })
    if (!start.standby) setTimeout(() => startWatchThread(log), WATCH_THREAD_DELAY_MS).unref()
  }

  /** The short process that prepares the ground for the workers of this service. */
  async #deploy({ definition }: WorkerService): Promise<never> {
    await this.#enter('deploy')
    await (definition.userClass as unknown as { onDeploy(): unknown }).onDeploy()
    process.exit(0)
  }

  /** Gives the service clients of its dependencies; without any, not even the code for it is loaded. */
  async #connect({ service, start, log, reporter }: Started): Promise<void> {
    if (!hasDependencies(service)) return
    const [{ DependencyPools }, { runInCall }] = await loadDependencyPools()
    const { counts } = reporter
    const pools = new DependencyPools({ service, start, identity: this.#init.identity, log, counts })
    this.#link.on('snapshot', ({ snapshot }) => pools.update(snapshot))
    this.#pools = pools
    // AsyncLocalStorage costs a tenth of the throughput: without dependencies nobody asks whose call this is.
    this.#inCall = runInCall
    bindDependencies(this.#instance, pools.clients)
  }

  async #openEndpoint({ service, start, log, reporter }: Started): Promise<Endpoint> {
    const { definition } = service
    const { slot } = this.#init.identity
    const inCall = this.#inCall === undefined ? {} : { inCall: this.#inCall }
    const runner = new Runner({ definition, instance: this.#instance, slot, log, ...inCall })
    this.#runner = runner
    runner.calls.setLimit(chooseCallLimit(start.recycling, Math.random()), this.#heartbeat.beat)
    offerDiagnosis(runner.calls)
    const isReady = (): boolean => !this.#stopping && this.#pools?.complete !== false
    const { counts, scrape } = reporter
    const serving = { init: this.#init, start, service, runner, log, isReady, counts, scrape }
    const openEndpoint = await this.#loadEndpoint()
    return openEndpoint(serving)
  }

  async #loadEndpoint(): Promise<(serving: Serving) => Endpoint> {
    const { http, socketPath = '' } = this.#init
    if (http === undefined) {
      const { callEndpoint } = await import('./call-endpoint.js')
      return (serving) => callEndpoint(socketPath, serving)
    }
    const { httpEndpoint } = await import('./http-endpoint.js')
    return (serving) => httpEndpoint(http, serving)
  }

  async #leave({ timeoutMs, keepAliveDrainMs }: Pick<DrainMessage, 'timeoutMs' | 'keepAliveDrainMs'>): Promise<void> {
    // One that is merely replaced answers as the others do: its instance serves on.
    if (keepAliveDrainMs !== null) this.#stopping = true
    this.#runner?.beginDrain()
    const onWithdrawn = (): void => void this.#link.send({ type: 'withdrawn' })
    const cut = (await this.#endpoint?.drain({ timeoutMs, keepAliveDrainMs, onWithdrawn })) ?? []
    if (cut.length > 0) await this.#link.send({ type: 'cut', what: cut })
    try {
      await this.#instance.onStop?.()
    } catch (error) {
      process.stderr.write(`onStop failed: ${error instanceof Error ? error.stack : String(error)}\n`)
    }
    this.#pools?.close()
    await this.#reporter?.report()
    await flushLogs()
    // Node would wait for what user code left open, or end with 13 for a top-level await that never settled.
    process.exit(0)
  }

  async #enter(stage: BootStage): Promise<void> {
    this.#stage = stage
    await this.#link.send({ type: 'stage', stage })
  }
}

interface Started {
  readonly service: WorkerService
  readonly start: StartMessage
  readonly log: Logger
  readonly reporter: CountReporter
}

function hasDependencies({ definition }: WorkerService): boolean {
  return Object.keys(definition.dependencies).length > 0
}

const loadDependencyPools = () =>
  Promise.all([import('./dependency-pools.js'), import('../../call/current-call.js')] as const)

async function construct({ definition }: WorkerService): Promise<object> {
  const { create, target, name } = definition
  const made: unknown = create === undefined ? new (target as new () => object)() : await create()
  if (typeof made === 'object' && made !== null) return made
  const value = `a function that returned ${made === null ? 'null' : typeof made}`
  const params = { source: `service '${name}'`, key: 'create', value, expected: 'one that returns an instance' }
  throw createError('EKB_ERR_CONFIG_INVALID', params)
}
