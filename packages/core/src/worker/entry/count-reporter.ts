import { createError } from '../../errors/service-error.js'
import { WorkerCounts } from '../../metrics/worker-counts.js'
import { type Deferred, deferred } from '../../util/deferred.js'
import { oneAtATime } from '../../util/one-at-a-time.js'
import type { Heartbeat } from './heartbeat.js'
import type { SupervisorLink } from './supervisor-link.js'

/** The supervisor waits half a second for its workers; one that is silent for so long is not coming back soon. */
const SCRAPE_TIMEOUT_MS = 2_000

type Link = Pick<SupervisorLink, 'on' | 'send'>

/** Tells the supervisor what this worker has counted, and asks it what all workers have. */
export class CountReporter {
  readonly counts = new WorkerCounts()
  readonly #link: Link
  #scrape: { readonly id: number; readonly answer: Deferred<string> } | undefined
  #lastScrape = 0

  constructor(link: Link, heartbeat: Pick<Heartbeat, 'accompany' | 'beat'>) {
    this.#link = link
    heartbeat.accompany(() => void this.report())
    link.on('collect', ({ id }) => {
      heartbeat.beat()
      void this.report(id)
    })
    link.on('metrics', ({ id, text }) => {
      if (this.#scrape?.id !== id) return
      if (text === undefined) this.#scrape.answer.reject(unavailable('the supervisor failed to make them'))
      else this.#scrape.answer.resolve(text)
    })
  }

  /** Reports what was counted since the last time, if anything was; `answers`: who asked gets an answer either way. */
  async report(answers?: number): Promise<void> {
    const report = this.counts.take()
    if (report === undefined && answers === undefined) return
    await this.#link.send({ type: 'counts', report, answers })
  }

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
