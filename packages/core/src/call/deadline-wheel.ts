import { MAX_TIMER_MS } from '../util/max-timer.js'
import { monotonicMs } from '../util/monotonic.js'

/** Deadlines within so many milliseconds of each other share a bucket: they expire up to that much late. */
const BUCKET_MS = 10

/** Many deadlines on one timer: most calls end long before theirs, so entering and leaving must cost next to nothing. */
export class DeadlineWheel<TItem> {
  readonly #onExpired: (item: TItem) => void
  readonly #buckets = new Map<number, Set<TItem>>()
  #timer: NodeJS.Timeout | undefined
  #armedFor = Number.POSITIVE_INFINITY
  #restsWhenEmpty = false

  constructor(onExpired: (item: TItem) => void) {
    this.#onExpired = onExpired
  }

  add(item: TItem, deadlineAt: number): void {
    const bucket = bucketOf(deadlineAt)
    const items = this.#buckets.get(bucket)
    if (items === undefined) this.#buckets.set(bucket, new Set([item]))
    else items.add(item)
    if (bucket < this.#armedFor) this.#arm(bucket)
  }

  delete(item: TItem, deadlineAt: number): void {
    const bucket = bucketOf(deadlineAt)
    const items = this.#buckets.get(bucket)
    if (items?.delete(item) && items.size === 0) this.#buckets.delete(bucket)
    if (this.#restsWhenEmpty && this.#buckets.size === 0) this.#disarm()
  }

  /** From now on it keeps the process alive for no deadline but those to come. Before, its timer is left to the next. */
  unref(): void {
    this.#restsWhenEmpty = true
    if (this.#buckets.size === 0) this.#disarm()
  }

  close(): void {
    this.#buckets.clear()
    this.#disarm()
  }

  #arm(bucket: number): void {
    clearTimeout(this.#timer)
    this.#armedFor = bucket
    const waitMs = Math.max(0, bucket * BUCKET_MS - monotonicMs())
    this.#timer = setTimeout(() => this.#expire(), Math.min(Math.ceil(waitMs), MAX_TIMER_MS))
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#armedFor = Number.POSITIVE_INFINITY
  }

  #expire(): void {
    this.#armedFor = Number.POSITIVE_INFINITY
    const now = monotonicMs()
    const expired: TItem[] = []
    let next = Number.POSITIVE_INFINITY
    for (const [bucket, items] of this.#buckets) {
      if (bucket * BUCKET_MS > now) {
        next = Math.min(next, bucket)
        continue
      }
      this.#buckets.delete(bucket)
      expired.push(...items)
    }
    if (next !== Number.POSITIVE_INFINITY) this.#arm(next)
    for (const item of expired) this.#onExpired(item)
  }
}

function bucketOf(deadlineAt: number): number {
  return Math.ceil(deadlineAt / BUCKET_MS)
}
