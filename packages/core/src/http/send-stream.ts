import { setImmediate as endOfTurn } from 'node:timers/promises'
import type { Exchange } from './exchange.js'
import type { HttpAnswer, StreamAnswer } from './http-answer.js'
import { sendPieces } from './send-pieces.js'

export interface SendOptions {
  /** The connection takes no more requests. */
  readonly isLast: boolean
  /** The answer to an error. */
  readonly refuse: (error: unknown) => HttpAnswer
}

/**
 * Sends an answer that comes in pieces, to its end. Returns the status that it counts with: an error's, where one ended it; undefined:
 * its client left.
 */
export async function sendStream(
  exchange: Exchange,
  answer: StreamAnswer,
  { isLast, refuse }: SendOptions,
): Promise<number | undefined> {
  const { statusCode, pieces, tellError } = answer
  try {
    exchange.beginStream(answer, isLast)
    await sendPieces(exchange, pieces)
    if (exchange.state !== 'sending') return undefined
    exchange.endStream()
    return statusCode
  } catch (error) {
    // What could not be sent leaves its source open.
    pieces.return().catch(() => {})
    if (exchange.state !== 'sending') throw error
    const refusal = refuse(error)
    if (tellError !== undefined) {
      exchange.endStream(tellError(refusal.body as string))
      return refusal.statusCode
    }
    // What was written in this turn of the event loop leaves at its end: breaking off at once would take it back. Without
    // chunks nothing may leave that looks like an end.
    if (exchange.isFramed) await endOfTurn()
    if (exchange.state === 'sending') exchange.breakStream()
    return refusal.statusCode
  }
}
