import { monotonicMs } from '../util/monotonic.js'

/** Deadlines within so many milliseconds of each other share a bucket: they expire up to that much late. */
const BUCKET_MS = 10

/** Node fires timers beyond this at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Many deadlines on one timer: most calls end long before theirs, so entering and leaving must cost next to nothing. */
export class DeadlineWheel<TItem> {
  readonly #onExpired: (item: TItem) => void
  readonly #buckets = new Map<number, Set<TItem>>()
  #timer: NodeJS.Timeout | undefined
  #armedFor = Number.POSITIVE_INFINITY

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
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#buckets.clear()
    this.#armedFor = Number.POSITIVE_INFINITY
  }

  #arm(bucket: number): void {
    clearTimeout(this.#timer)
    this.#armedFor = bucket
    const waitMs = Math.max(0, bucket * BUCKET_MS - monotonicMs())
    this.#timer = setTimeout(() => this.#expire(), Math.min(Math.ceil(waitMs), MAX_TIMER_MS))
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
