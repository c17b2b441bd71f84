import { encodeError } from '../../errors/error-codec.js'
import type { RemoteDependency } from '../../graph/follow-edges.js'
import type { Mount } from '../../http/mount-table.js'
import type { BootStage, DrainMessage, InitMessage, PoolSnapshot, StartMessage } from '../../ipc/protocol.js'
import type { WorkerCounts } from '../../metrics/worker-counts.js'
import { createLogger, flushLogs } from '../../observe/create-logger.js'
import type { Logger } from '../../observe/logger.js'
import type { CallRequest } from '../../runner/call-request.js'
import { Runner } from '../../runner/runner.js'
import { constructService, type ServiceInstance } from '../../runner/service-instance.js'
import { ServiceProbes } from '../../runner/service-probes.js'
import { bindDependencies } from '../../service/bind-dependencies.js'
import { MovingDeadline } from '../../util/moving-deadline.js'
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
import type { WorkerSeat } from './worker-seat.js'

/** Its start takes some of the processor's time, which others need to become ready. */
const WATCH_THREAD_DELAY_MS = 200

export interface WorkerOptions {
  readonly init: InitMessage
  readonly link: SupervisorLink
  readonly seat: WorkerSeat
  /** Before word of how it went: which files were loaded up to there. */
  readonly tellLoaded: () => void
}

/** A worker's own life: load, construct, wait for its dependencies, serve, drain, leave. */
export class Worker {
  readonly #init: InitMessage
  readonly #link: SupervisorLink
  readonly #seat: WorkerSeat
  readonly #tellLoaded: () => void
  readonly #heartbeat: Heartbeat
  #stage: BootStage = 'load'
  /** Its name, once it is loaded. */
  #service = ''
  #instance: ServiceInstance = {}
  #probes: ServiceProbes | undefined
  #runner: Runner | undefined
  #pools: DependencyPools | undefined
  #inCall: (<T>(request: CallRequest, run: () => T) => T) | undefined
  #endpoint: Endpoint | undefined
  #reporter: CountReporter | undefined
  #snapshot: PoolSnapshot | undefined
  #stopping = false
  #leaving: Promise<void> | undefined
  /** When those who leave stop to wait for calls. */
  readonly #deadline = new MovingDeadline()

  constructor({ init, link, seat, tellLoaded }: WorkerOptions) {
    this.#init = init
    this.#link = link
    this.#seat = seat
    this.#tellLoaded = tellLoaded
    this.#heartbeat = new Heartbeat(
      link,
      new VitalSigns({
        calls: () => this.#runner?.calls,
        connections: () => this.#endpoint?.connections?.(),
        probes: () => this.#probes,
        memory: seat.memory,
      }),
    )
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
      this.#tellLoaded()
      await this.#link.send({ type: 'boot-failed', stage: this.#stage, error: encodeError(error) })
    }
  }

  /** Readiness says no from now on, and clients are told to go elsewhere. */
  announceStop(): void {
    this.#stopping = true
    this.#endpoint?.discourage?.()
  }

  /** Has the next clients to ask on so many connections connect anew. */
  shed(connections: number): void {
    this.#endpoint?.shed?.(connections)
  }

  /** Finishes what is in flight and ends the process. Called again it only sets the times anew. */
  leave(how: Pick<DrainMessage, 'timeoutMs' | 'keepAliveDrainMs'>): Promise<void> {
    this.#deadline.set(how.timeoutMs)
    if (this.#leaving !== undefined) void this.#endpoint?.drain(how)
    this.#leaving ??= this.#leave(how)
    return this.#leaving
  }

  async #boot(): Promise<void> {
    this.#heartbeat.start(this.#init.heartbeatMs)
    // An inspector may stop it before the first is due.
    this.#heartbeat.beat()
    const service = await loadWorkerService(this.#init)
    this.#service = service.definition.name
    // The first worker is spawned before it is known.
    process.env.EKIBEN_SERVICE = this.#service
    const identity = { ...this.#init.identity, service: this.#service }
    this.#seat.show(identity)
    if (this.#init.mode === 'deploy') return this.#deploy(service)
    const { graph, located } = service
    if (this.#init.mode !== 'serve') await this.#link.send({ type: 'announced', graph, located })
    if (this.#init.mode === 'describe') return
    const log = createLogger({ ...this.#init.log, bindings: identity })
    watchDescriptors(log)
    await this.#enter('construct')
    this.#instance = await constructService(service.definition)
    await this.#enter('held')
    void this.#link.send({ type: 'held' })
    // The code for what follows is loaded while there is nothing else to do.
    void this.#loadEndpoint()
    if (hasDependencies(service)) void loadDependencyPools()
    const reporter = new CountReporter(this.#link, this.#heartbeat)
    this.#reporter = reporter
    this.#link.on('snapshot', ({ snapshot }) => this.#onSnapshot(snapshot))
    const start = await this.#link.next('start')
    await this.#enter('start')
    await this.#connect({ service, start, log, reporter })
    await this.#startService(log)
    await this.#enter('listen')
    this.#endpoint = await this.#openEndpoint({ service, start, log, reporter })
    this.#tellLoaded()
    if (start.standby) {
      void this.#link.send({ type: 'standby' })
      this.#seat.beginWatch(log)
      await this.#link.next('admit')
    }
    await this.#link.send({ type: 'ready', address: await this.#endpoint.listen() })
    if (!start.standby) setTimeout(() => this.#seat.beginWatch(log), WATCH_THREAD_DELAY_MS).unref()
  }

  /** It has begun when it says itself that it is ready; from then on it is asked with each heartbeat. */
  async #startService(log: Logger): Promise<void> {
    const probes = new ServiceProbes(this.#instance, log)
    await this.#instance.onStart?.()
    this.#probes = probes
    this.#heartbeat.precede(() => this.#askService(probes))
    if (probes.ready) return
    await this.#enter('isReady')
    await probes.whenReady()
    // Whoever hears next that it serves has heard that it is ready.
    this.#heartbeat.beat()
  }

  /** Clients of one that is not ready are sent to others, if there are any: the socket is shared, so new ones still come. */
  #askService(probes: ServiceProbes): void {
    probes.ask()
    if (this.#stopping) return
    if (!probes.ready && this.#hasPeers) this.#endpoint?.discourage?.()
    else this.#endpoint?.encourage?.()
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
    const pools = new DependencyPools({
      service,
      start,
      identity: this.#init.identity,
      log,
      counts,
      connect: this.#seat.connect,
    })
    if (this.#snapshot !== undefined) pools.update(this.#snapshot)
    this.#pools = pools
    // AsyncLocalStorage costs a tenth of the throughput: without dependencies nobody asks whose call this is.
    this.#inCall = runInCall
    bindDependencies(this.#instance, { ...pools.clients, ...(await remoteClients(service, counts)) })
  }

  async #openEndpoint({ service, start, log, reporter }: Started): Promise<Endpoint> {
    const { definition } = service
    const { slot } = this.#init.identity
    const inCall = this.#inCall === undefined ? {} : { inCall: this.#inCall }
    const runner = new Runner({ definition, instance: this.#instance, slot, log, ...inCall })
    this.#runner = runner
    runner.calls.setLimit(chooseCallLimit(start.recycling, Math.random()), this.#heartbeat.beat)
    offerDiagnosis(runner.calls)
    const isReady = (): boolean => !this.#stopping && this.#pools?.complete !== false && this.#isServed
    const { counts, scrape } = reporter
    const mounts = this.#init.http === undefined ? [] : await mountsOf(service, this.#instance)
    const seat = this.#seat
    const serving = { init: this.#init, start, service, runner, log, isReady, counts, scrape, mounts, seat }
    const openEndpoint = await this.#loadEndpoint()
    return openEndpoint(serving)
  }

  /** Is there a worker of this service that is ready, this one or another? */
  get #isServed(): boolean {
    return this.#probes?.ready !== false || this.#hasPeers
  }

  /** Is there another worker of this service that is ready? */
  get #hasPeers(): boolean {
    const { slot } = this.#init.identity
    return this.#snapshot?.pools[this.#service]?.some((member) => member.slot !== slot) === true
  }

  #onSnapshot(snapshot: PoolSnapshot): void {
    this.#snapshot = snapshot
    this.#pools?.update(snapshot)
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
    // A call whose client has left, or has been told that its time is up, may still run.
    if (this.#runner !== undefined) await Promise.race([this.#runner.whenIdle(), this.#deadline.passed])
    this.#deadline.clear()
    await this.#stopService()
    this.#pools?.close()
    await this.#reporter?.report()
    await flushLogs()
    // Node would wait for what user code left open, or end with 13 for a top-level await that never settled.
    process.exit(0)
  }

  /** Only what was started is stopped. */
  async #stopService(): Promise<void> {
    if (this.#probes === undefined) return
    try {
      await this.#instance.onStop?.()
    } catch (error) {
      process.stderr.write(`onStop failed: ${error instanceof Error ? error.stack : String(error)}\n`)
    }
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

/** Without any, not even the code for it is loaded. */
async function remoteClients({ remotes }: WorkerService, counts: WorkerCounts): Promise<Record<string, object>> {
  if (remotes.length === 0) return {}
  const { createRemoteClient } = await import('../../call/remote-client.js')
  const toClient = (remote: RemoteDependency) => createRemoteClient(remote, (name) => counts.callsTo(name))
  return Object.fromEntries(remotes.map((remote) => [remote.property, toClient(remote)]))
}

/** Without any, not even the code for it is loaded. */
async function mountsOf({ definition }: WorkerService, instance: object): Promise<readonly Mount[]> {
  if (Object.keys(definition.mount).length === 0) return []
  const { makeMounts } = await import('../../http/make-mounts.js')
  return makeMounts(definition, instance)
}

const loadDependencyPools = () =>
  Promise.all([import('./dependency-pools.js'), import('../../call/current-call.js')] as const)
