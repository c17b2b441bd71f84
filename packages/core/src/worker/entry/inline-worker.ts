import { encodeError } from '../../errors/error-codec.js'
import { limitLastCalls } from '../../hosting/last-calls.js'
import { makeMounts } from '../../http/make-mounts.js'
import type { BootStage, DrainMessage, HttpSettings } from '../../ipc/protocol.js'
import { createLogger, flushLogs } from '../../observe/create-logger.js'
import { CountReporter } from './count-reporter.js'
import { offerDiagnosis } from './diagnosis.js'
import type { Endpoint } from './endpoint.js'
import { Heartbeat } from './heartbeat.js'
import { httpEndpoint } from './http-endpoint.js'
import { type InlineService, startInline } from './inline-service.js'
import { loadWorkerService } from './load-worker-service.js'
import { VitalSigns } from './vitals.js'
import type { WorkerOptions } from './worker.js'

type Farewell = Pick<DrainMessage, 'timeoutMs' | 'keepAliveDrainMs'>

/** A worker that serves a whole graph by itself, for whoever works on its code: see `Worker` for one of a pool. */
export class InlineWorker {
  /** Callers are clients on the public socket. */
  readonly callers = undefined
  readonly #options: WorkerOptions
  readonly #heartbeat: Heartbeat
  readonly #reporter: CountReporter
  #stage: BootStage = 'load'
  #service: InlineService | undefined
  #endpoint: Endpoint | undefined
  #stopping = false
  #leaving: Promise<void> | undefined

  constructor(options: WorkerOptions) {
    const { link } = options
    this.#options = options
    const vitals = new VitalSigns({
      calls: () => this.#service?.runner.calls,
      connections: () => this.#endpoint?.connections?.(),
      probes: () => this.#service?.probes,
    })
    this.#heartbeat = new Heartbeat(link, vitals)
    this.#reporter = new CountReporter(link, this.#heartbeat)
  }

  async run(): Promise<void> {
    const { link, tellLoaded } = this.#options
    try {
      await this.#boot()
    } catch (error) {
      tellLoaded()
      await link.send({ type: 'boot-failed', stage: this.#stage, error: encodeError(error) })
    }
  }

  announceStop(): void {
    this.#stopping = true
    this.#endpoint?.discourage?.()
  }

  /** There is no other that they could connect to. */
  shed(): void {}

  leave(how: Farewell): Promise<void> {
    limitLastCalls(how.timeoutMs)
    if (this.#leaving !== undefined) void this.#endpoint?.drain(how)
    this.#leaving ??= this.#leave(how)
    return this.#leaving
  }

  async #boot(): Promise<void> {
    const { init, link, seat, tellLoaded } = this.#options
    this.#heartbeat.start(init.heartbeatMs)
    this.#heartbeat.beat()
    const service = await loadWorkerService(init)
    const identity = { ...init.identity, service: service.definition.name }
    process.env.EKIBEN_SERVICE = identity.service
    seat.show(identity)
    await link.send({ type: 'announced', graph: service.graph, located: service.located })
    const log = createLogger({ ...init.log, bindings: identity })
    await this.#enter('held')
    void link.send({ type: 'held' })
    const start = await link.next('start')
    await this.#enter('start')
    const running = await startInline(service, start.inline ?? { env: {}, deploys: [] }, log)
    this.#service = running
    this.#heartbeat.precede(running.probes.ask)
    offerDiagnosis(running.runner.calls)
    await this.#enter('listen')
    const { counts, scrape } = this.#reporter
    const { definition, instance, runner } = { definition: service.definition, ...running }
    const isReady = (): boolean => !this.#stopping && running.probes.ready
    const mounts = await makeMounts(definition, instance)
    const serving = { init, start, service, runner, log, isReady, counts, scrape, mounts, seat }
    this.#endpoint = httpEndpoint(init.http as HttpSettings, serving)
    tellLoaded()
    await link.send({ type: 'ready', address: await this.#endpoint.listen() })
  }

  async #leave({ timeoutMs, keepAliveDrainMs }: Farewell): Promise<void> {
    const { link } = this.#options
    this.#stopping = true
    this.#service?.beginDrain()
    const onWithdrawn = (): void => void link.send({ type: 'withdrawn' })
    const cut = (await this.#endpoint?.drain({ timeoutMs, keepAliveDrainMs, onWithdrawn })) ?? []
    if (cut.length > 0) await link.send({ type: 'cut', what: cut })
    await this.#stopService()
    await this.#reporter.report()
    await flushLogs()
    process.exit(0)
  }

  async #stopService(): Promise<void> {
    try {
      await this.#service?.stop()
    } catch (error) {
      process.stderr.write(`onStop failed: ${error instanceof Error ? error.stack : String(error)}\n`)
    }
  }

  async #enter(stage: BootStage): Promise<void> {
    this.#stage = stage
    await this.#options.link.send({ type: 'stage', stage })
  }
}
