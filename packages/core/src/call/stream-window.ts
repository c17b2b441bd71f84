import { FRAME_HEADER_BYTES, type Frame } from './frame.js'

/**
 * How far the sender of a stream may be ahead of its reader. One currency for both ends: bytes of items, of which each
 * counts as at least `LEAST_COST`, so that small items do not pile up by the thousand. Part of the protocol.
 */
export const STREAM_WINDOW = 256 * 1024

/** At most 64 items are on their way or wait to be read. */
const LEAST_COST = STREAM_WINDOW / 64

/** What an item takes from the window, by the size of its frame. */
export function itemCost(frameBytes: number): number {
  return Math.max(frameBytes, LEAST_COST)
}

/** The same, of a frame as it arrived. */
export function costOfFrame({ bodyStart, end }: Pick<Frame, 'bodyStart' | 'end'>): number {
  return itemCost(FRAME_HEADER_BYTES + end - bodyStart)
}

/** The reader's side: what it has taken is given back in few, larger parts. */
export class TakenItems {
  #cost = 0

  /** What is to be given back now; 0: nothing yet. */
  take(cost: number): number {
    this.#cost += cost
    // Half: the sender goes on while this is on its way, and never waits for what the reader would not give.
    if (this.#cost < STREAM_WINDOW / 2) return 0
    const due = this.#cost
    this.#cost = 0
    return due
  }
}

/** The body of a credit. */
export function encodeCredit(cost: number): Uint8Array {
  const body = new Uint8Array(8)
  new DataView(body.buffer).setFloat64(0, cost, true)
  return body
}

/** undefined: it is no credit. */
export function decodeCredit({ source, bodyStart, bodyEnd }: Frame): number | undefined {
  if (bodyEnd - bodyStart !== 8) return undefined
  const cost = new DataView(source.buffer, source.byteOffset + bodyStart, 8).getFloat64(0, true)
  return cost > 0 && cost <= Number.MAX_SAFE_INTEGER ? cost : undefined
}
