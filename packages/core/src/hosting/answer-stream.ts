import { Readable } from 'node:stream'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import type { StreamAnswer } from '../http/http-answer.js'

export interface AnswerStreamOptions {
  /** The body that tells of an error; it is logged there too. */
  readonly tell: (error: unknown) => string
  /** It is at its end, or nobody reads it any more; `failed`: an error ended it. */
  readonly onEnd: (failed: boolean) => void
}

/**
 * The pieces of an answer as a stream that a host can send. An error is its last piece where the format has a way to say
 * so; else it ends the stream, which the host must not let look like an end.
 */
export function answerStream({ pieces, tellError }: StreamAnswer, { tell, onEnd }: AnswerStreamOptions): Readable {
  let failed = false
  const next = async (stream: Readable): Promise<void> => {
    try {
      const { done, value } = await pieces.next()
      stream.push(done === true ? null : value)
    } catch (error) {
      failed = true
      // What could not be sent leaves its source open.
      pieces.return().catch(() => {})
      const body = tell(error)
      if (tellError === undefined) {
        // What was written in this turn of the event loop leaves at its end: breaking off at once would take it back.
        await endOfTurn()
        stream.destroy(error as Error)
      } else {
        stream.push(tellError(body))
        stream.push(null)
      }
    }
  }
  return new Readable({
    // One piece ahead at most: an item is asked for when the client has room for it.
    highWaterMark: 1,
    read() {
      void next(this)
    },
    destroy(error, callback) {
      pieces.return().catch(() => {})
      onEnd(failed)
      callback(error)
    },
  })
}
