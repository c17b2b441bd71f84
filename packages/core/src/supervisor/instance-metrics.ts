import type { CollectMessage, CountsMessage, ScrapeMessage } from '../ipc/protocol.js'
import { AppMetrics } from '../metrics/app-metrics.js'
import { CountTotals } from '../metrics/count-totals.js'
import { LeftOutMetrics } from '../metrics/left-out-metrics.js'
import type { ServiceFigures, WorkerFigures } from '../metrics/metric-families.js'
import type { Logger } from '../observe/logger.js'
import { hearFirst } from '../util/hear-first.js'
import { oneAtATime } from '../util/one-at-a-time.js'
import type { WorkerHandle } from '../worker/worker-handle.js'

/** A worker that has not answered by then is blocked: the metrics are told without its last second. */
const COLLECT_TIMEOUT_MS = 500
/** Rows of a table, about 1 KB each: far more than services have apis and codes. */
const MAX_ROWS = 1_000
/** Series of an app's own that are kept of workers that are gone. */
const MAX_KEPT_SERIES = 10_000

/** One service, and the workers of it that are not gone. */
export interface MeteredService {
  readonly service: string
  readonly workers: readonly WorkerHandle[]
}

/** Both are asked for when they are needed. */
export interface MeteredInstance {
  readonly services: () => readonly MeteredService[]
  readonly log: () => Logger
}

/** What all workers of an instance have counted; a dead worker's counts are kept, and generations share them. */
export class InstanceMetrics {
  readonly #services: () => readonly MeteredService[]
  readonly #requests = new CountTotals(MAX_ROWS)
  readonly #calls = new CountTotals(MAX_ROWS)
  readonly #handshakes = new CountTotals(MAX_ROWS)
  readonly #restarts = new CountTotals(MAX_ROWS)
  readonly #reloads = new CountTotals(MAX_ROWS)
  readonly #app = new AppMetrics(MAX_KEPT_SERIES)
  /** What was warned of. */
  readonly #leftOut: LeftOutMetrics
  #collection: Collection | undefined
  #lastId = 0

  constructor({ services, log }: MeteredInstance) {
    this.#services = services
    this.#leftOut = new LeftOutMetrics(log)
  }

  /** The metrics in Prometheus' text format, with what workers have counted up to now. */
  readonly renderMetrics: () => Promise<string> = oneAtATime(async () => {
    await this.#collect()
    return this.#render()
  })

  countRestart(service: string, reason: string): void {
    this.#restarts.increment([service, toLabel(reason)])
  }

  countReload(result: string): void {
    this.#reloads.increment([result])
  }

  /** Takes a worker's counts, or its question for those of all. */
  readonly receive = (worker: WorkerHandle, message: CountsMessage | ScrapeMessage): void => {
    if (message.type === 'scrape') void this.#answerScrape(worker, message.id)
    else this.#add(worker, message)
  }

  /** It will answer no more. */
  forget(worker: WorkerHandle): void {
    this.#collection?.end(worker)
    this.#app.forget(worker)
  }

  #add(worker: WorkerHandle, { report, answers, app }: CountsMessage): void {
    const { service } = worker.identity
    if (app !== undefined) this.#learn(worker, app)
    for (const row of report?.requests ?? []) this.#requests.add([service], row)
    for (const row of report?.handshakes ?? []) this.#handshakes.add([service], row)
    for (const [to, rows] of Object.entries(report?.calls ?? {})) {
      for (const row of rows) this.#calls.add([service, to], row)
    }
    // An answer to an earlier question may be older than this one.
    if (answers === this.#lastId) this.#collection?.end(worker)
  }

  #learn(worker: WorkerHandle, app: NonNullable<CountsMessage['app']>): void {
    // What comes after its end was counted with it already.
    if (worker.state === 'exited') return
    if ('metrics' in app) this.#app.learn(worker, app.metrics)
    else this.#leftOut.noteAll(app.error)
  }

  async #answerScrape(worker: WorkerHandle, id: number): Promise<void> {
    const text = await this.renderMetrics().catch(() => undefined)
    worker.tell({ type: 'metrics', id, text })
  }

  /** Has every worker that serves tell what it counted; resolves when all have, or the time is up. */
  #collect(): Promise<void> {
    const message: CollectMessage = { type: 'collect', id: ++this.#lastId }
    const asked = new Set(this.#services().flatMap(({ workers }) => workers.filter(isServing)))
    if (asked.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const finish = (): void => {
        callOff()
        this.#collection = undefined
        resolve()
      }
      const callOff = hearFirst(COLLECT_TIMEOUT_MS, finish)
      this.#collection = {
        end: (worker) => {
          asked.delete(worker)
          if (asked.size === 0) finish()
        },
      }
      for (const worker of asked) worker.tell(message)
    })
  }

  /** Its code is loaded when somebody asks. */
  async #render(): Promise<string> {
    const [{ metricFamilies }, { formatExposition }] = await Promise.all([
      import('../metrics/metric-families.js'),
      import('../metrics/format-exposition.js'),
    ])
    const { metrics, leftOut } = this.#app.merged()
    for (const { name, reason } of leftOut) this.#leftOut.note(name, reason)
    return formatExposition(
      metricFamilies({
        requests: this.#requests,
        calls: this.#calls,
        handshakes: this.#handshakes,
        restarts: this.#restarts,
        reloads: this.#reloads,
        services: this.#services().map(toFigures),
        supervisorRssBytes: process.memoryUsage.rss(),
      }),
      metrics,
    )
  }
}

interface Collection {
  /** Nothing more is expected of this worker. */
  readonly end: (worker: WorkerHandle) => void
}

/** Words only, and none of what stands after a colon: a figure in a reason must not make a series of its own. */
function toLabel(reason: string): string {
  return reason
    .replace(/:.*/s, '')
    .replace(/^it was /, '')
    .replace(/[^A-Za-z]+/g, '-')
    .replace(/^-|-$/g, '')
}

function isServing({ state }: WorkerHandle): boolean {
  return state === 'ready' || state === 'draining'
}

function toFigures({ service, workers }: MeteredService): ServiceFigures {
  return { name: service, workers: workers.map(workerFigures) }
}

function workerFigures({ identity, state, record }: WorkerHandle): WorkerFigures {
  const { inFlight, rssBytes, loopUtilization } = record.vitals ?? {}
  return { slot: identity.slot, state, inFlight, rssBytes, loopUtilization }
}
