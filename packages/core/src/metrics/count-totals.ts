import { BUCKET_COUNT, type CountRow } from './count-table.js'

/** A count under its label values; `ms` and `buckets` are of use for what takes time. */
export interface CountTotal {
  readonly labels: readonly string[]
  readonly count: number
  readonly ms: number
  readonly buckets: readonly number[]
}

/** What stands in every label of the row that takes what no row is left for. */
export const OVERFLOW_LABEL = '(other)'

type MutableTotal = { -readonly [TKey in keyof CountTotal]: CountTotal[TKey] } & { readonly buckets: number[] }

/**
 * Sums of what workers have reported, by label values. Who reported does not matter: what a dead worker counted
 * stays, and generations add to one sum. There are at most `maxRows`, whatever services do with their codes.
 */
export class CountTotals {
  readonly #maxRows: number
  readonly #rows = new Map<string, MutableTotal>()

  constructor(maxRows: number) {
    this.#maxRows = maxRows
  }

  /** Adds a worker's row; `owner`: the label values before api and code. */
  add(owner: readonly string[], [api, code, count, ms, ...buckets]: CountRow): void {
    const total = this.#row([...owner, api, String(code)])
    total.count += count
    total.ms += ms
    for (let index = 0; index < BUCKET_COUNT; index++) {
      total.buckets[index] = (total.buckets[index] ?? 0) + (buckets[index] ?? 0)
    }
  }

  /** One more of something that takes no time. */
  increment(labels: readonly string[]): void {
    this.#row(labels).count++
  }

  [Symbol.iterator](): Iterator<CountTotal> {
    return this.#rows.values()
  }

  #row(labels: readonly string[]): MutableTotal {
    const key = labels.join('\0')
    const existing = this.#rows.get(key)
    if (existing !== undefined) return existing
    // The last place is kept for the row of the rest.
    if (this.#rows.size >= this.#maxRows - 1 && labels[0] !== OVERFLOW_LABEL) {
      return this.#row(labels.map(() => OVERFLOW_LABEL))
    }
    const row: MutableTotal = { labels, count: 0, ms: 0, buckets: [] }
    this.#rows.set(key, row)
    return row
  }
}
