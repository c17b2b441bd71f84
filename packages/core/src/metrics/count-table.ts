/** Calls of one api that ended with one code, since the last report; the counts by bucket follow. */
export type CountRow = readonly [api: string, code: number, count: number, ms: number, ...buckets: number[]]

/** Upper limits of the buckets of every histogram, in milliseconds; one more bucket holds what took longer. */
export const BUCKET_LIMITS_MS: readonly number[] = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000,
]

export const BUCKET_COUNT = BUCKET_LIMITS_MS.length + 1

interface Tally {
  count: number
  ms: number
  readonly buckets: number[]
}

/**
 * Counts how calls end, by api and code, from one report to the next: plain numbers, as it runs once for each request.
 * Both labels come from the code that serves, never from a client's text.
 */
export class CountTable {
  readonly #apis = new Map<string, Map<number, Tally>>()

  add(api: string, code: number, ms: number): void {
    const tally = this.#apis.get(api)?.get(code) ?? this.#addTally(api, code)
    tally.count++
    tally.ms += ms
    ;(tally.buckets[bucketOf(ms)] as number)++
  }

  /** What was counted since the last time; counts anew from here. */
  take(): CountRow[] {
    const rows: CountRow[] = []
    for (const [api, codes] of this.#apis) {
      for (const [code, tally] of codes) {
        if (tally.count === 0) continue
        rows.push([api, code, tally.count, tally.ms, ...tally.buckets])
        tally.count = 0
        tally.ms = 0
        tally.buckets.fill(0)
      }
    }
    return rows
  }

  #addTally(api: string, code: number): Tally {
    const tally: Tally = { count: 0, ms: 0, buckets: new Array(BUCKET_COUNT).fill(0) }
    const codes = this.#apis.get(api)
    if (codes === undefined) this.#apis.set(api, new Map([[code, tally]]))
    else codes.set(code, tally)
    return tally
  }
}

function bucketOf(ms: number): number {
  let bucket = 0
  while (bucket < BUCKET_LIMITS_MS.length && ms > (BUCKET_LIMITS_MS[bucket] as number)) bucket++
  return bucket
}
