/**
 * A second line from the supervisor to a worker, which a thread of the worker's answers although its event loop does
 * not turn. One JSON value a line; each request has one answer, which may come too late to be of interest.
 *
 *   supervisor                    worker's watch thread
 *     { id }  ───────────────────▶  looks into the main thread
 *             ◀───────────────────  { id, diagnosis } or { id, error }
 */

/** Descriptor of the line in a worker (3 is the channel, 4 the public socket). */
export const WATCH_LINE_FD = 5

export interface WatchRequest {
  readonly id: number
}

export type WatchAnswer =
  | { readonly id: number; readonly diagnosis: Diagnosis }
  | { readonly id: number; readonly error: string }

/** What goes on in a worker, seen from inside. */
export interface Diagnosis {
  /** What its main thread was doing, the innermost first; empty: it was waiting for something to do. */
  readonly stack: readonly string[]
  /** The oldest first. */
  readonly calls: readonly { readonly api: string; readonly ageMs: number; readonly requestId: string }[]
  /** What keeps its event loop going, by kind. */
  readonly resources: Readonly<Record<string, number>>
  /** `v8.getHeapStatistics()` */
  readonly heap: Readonly<Record<string, number>>
  /** `process.memoryUsage()` */
  readonly memory: Readonly<Record<string, number>>
}

/** Takes complete lines out of the pieces in which they come. */
export class LineReader {
  #rest = ''

  push(piece: string): readonly string[] {
    const lines = (this.#rest + piece).split('\n')
    this.#rest = lines.pop() as string
    return lines
  }
}
