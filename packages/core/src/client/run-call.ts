import type { ApiShape } from './api-shape.js'
import { CallLimit, type CallLimitOptions } from './call-limit.js'
import { clientError } from './client-error.js'
import { readAnswer } from './read-answer.js'
import { type CallRequest, sendCall } from './send-call.js'
import { isBlob, isBytes } from './value-tags.js'

/** What a client's method gives back: to be awaited, or iterated where the api answers with a stream. */
export type PendingAnswer = Promise<unknown> & AsyncIterable<unknown>

export interface PreparedCall {
  readonly shape: ApiShape
  readonly limit: CallLimitOptions
  /** What to send; may have to be waited for. */
  readonly prepare: () => CallRequest | Promise<CallRequest>
}

/**
 * Sends a call at once. Whether its answer is a stream shows only when it comes, so what is given back is both a
 * promise and an iterable; awaited, a stream is its iterable.
 */
export function runCall({ shape, limit: limitOptions, prepare }: PreparedCall): PendingAnswer {
  const { what } = limitOptions
  const limit = new CallLimit(limitOptions)
  let isIterated = false
  const run = async () => {
    try {
      const response = await sendCall(await limit.within(prepare), limit)
      return await readAnswer({ what, response, limit }, shape, isIterated)
    } catch (error) {
      limit.release()
      throw error
    }
  }
  const answer = run()
  // Who iterates a stream later sees the error then; until then it must not end the process.
  answer.catch(() => undefined)
  const iterate = (): AsyncIterator<unknown> => {
    isIterated = true
    const items = itemsOf(answer, what)
    return {
      next: () => items.next(),
      // At once, also while the first item is being waited for.
      return: () => {
        limit.cancel()
        return items.return()
      },
    }
  }
  return Object.assign(answer, { [Symbol.asyncIterator]: iterate })
}

/** What could not even be sent. */
export function failedAnswer(error: unknown): PendingAnswer {
  const answer = Promise.reject(error)
  answer.catch(() => undefined)
  return Object.assign(answer, { [Symbol.asyncIterator]: () => ({ next: () => answer }) })
}

async function* itemsOf(answer: Promise<unknown>, what: string): AsyncGenerator<unknown, void> {
  const value = await answer
  if (isIterable(value)) yield* value
  // A text or a file that had come as a whole before anybody asked for its pieces.
  else if (typeof value === 'string' || isBlob(value) || isBytes(value)) yield value
  else throw clientError('EKB_ERR_CLIENT_ANSWER', { what, reason: 'it is a value, and no stream' })
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
