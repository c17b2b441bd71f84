import { setTimeout as delay } from 'node:timers/promises'
import { createError } from '../../errors/service-error.js'
import type { CountsMessage } from '../../ipc/protocol.js'
import { type MetricsRegistry, toAppMetrics } from '../../metrics/app-metric.js'
import { WorkerCounts } from '../../metrics/worker-counts.js'
import { type Deferred, deferred } from '../../util/deferred.js'
import { oneAtATime } from '../../util/one-at-a-time.js'
import type { Heartbeat } from './heartbeat.js'
import type { SupervisorLink } from './supervisor-link.js'

/** The supervisor waits half a second for its workers; one that is silent for so long is not coming back soon. */
const SCRAPE_TIMEOUT_MS = 2_000
/** What a worker that leaves gives the app's registry: as long as the supervisor would wait for it. */
const LAST_WORD_MS = 500

type Link = Pick<SupervisorLink, 'on' | 'send'>

/** Tells the supervisor what this worker has counted, and asks it what all workers have. */
export class CountReporter {
  readonly counts = new WorkerCounts()
  readonly #link: Link
  #registry: MetricsRegistry | undefined
  #scrape: { readonly id: number; readonly answer: Deferred<string> } | undefined
  #lastScrape = 0

  constructor(link: Link, heartbeat: Pick<Heartbeat, 'accompany' | 'beat'>) {
    this.#link = link
    heartbeat.accompany(() => void this.report())
    link.on('collect', ({ id }) => {
      heartbeat.beat()
      void this.#answer(id)
    })
    link.on('metrics', ({ id, text }) => {
      if (this.#scrape?.id !== id) return
      if (text === undefined) this.#scrape.answer.reject(unavailable('the supervisor failed to make them'))
      else this.#scrape.answer.resolve(text)
    })
  }

  /** The app's own metrics are told beside these: when they are asked for, and once before the app is closed. */
  include(registry: MetricsRegistry): void {
    this.#registry = registry
  }

  /** Reports what was counted since the last time, if anything was; `answers`: who asked gets an answer either way. */
  async report(answers?: number): Promise<void> {
    const report = this.counts.take()
    if (report === undefined && answers === undefined) return
    await this.#link.send({ type: 'counts', report, answers })
  }

  /** Tells what the app's own registry holds, if it says so in time. */
  async reportApp(): Promise<void> {
    if (this.#registry === undefined) return
    await Promise.race([this.#sendApp(undefined), delay(LAST_WORD_MS, undefined, { ref: false })])
  }

  /** A registry may take its time: what is counted here does not wait for it. */
  async #answer(id: number): Promise<void> {
    if (this.#registry === undefined) return this.report(id)
    await this.report()
    await this.#sendApp(id)
  }

  async #sendApp(answers: number | undefined): Promise<void> {
    const app = await this.#readRegistry()
    await this.#link.send({ type: 'counts', report: undefined, answers, app })
  }

  readonly #readRegistry = oneAtATime(async (): Promise<CountsMessage['app']> => {
    try {
      const listed = await this.#registry?.getMetricsAsJSON()
      return { metrics: toAppMetrics(listed ?? []) }
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) }
    }
  })

  /** The metrics of the whole instance, as text. */
  readonly scrape: () => Promise<string> = oneAtATime(async () => {
    const answer = deferred<string>()
    const id = ++this.#lastScrape
    this.#scrape = { id, answer }
    const late = `the supervisor did not answer within ${SCRAPE_TIMEOUT_MS} ms`
    const timer = setTimeout(() => answer.reject(unavailable(late)), SCRAPE_TIMEOUT_MS)
    void this.#link.send({ type: 'scrape', id })
    try {
      return await answer.promise
    } finally {
      clearTimeout(timer)
      this.#scrape = undefined
    }
  })
}

function unavailable(reason: string): Error {
  return createError('EKB_ERR_METRICS_UNAVAILABLE', { reason })
}
