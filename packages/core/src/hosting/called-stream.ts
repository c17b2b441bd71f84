import type { ApiStream } from '../runner/api-stream.js'
import type { MountCall } from './mount-call.js'

/** The items of a stream for whoever called its api in this process: until it has ended, its call can be cut. */
export class CalledStream implements AsyncIterator<unknown, undefined> {
  readonly #stream: ApiStream
  readonly #call: MountCall

  constructor(stream: ApiStream, call: MountCall) {
    this.#stream = stream
    this.#call = call
    call.attach(() => stream.return())
    stream.onEnd(() => call.end())
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next item. Rejects at once when the call is cut, whatever the api goes on to do. */
  async next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#call.isCut) throw this.#call.signal.reason
    const step = await this.#call.unlessCut(this.#stream.next())
    this.#call.liftLimit()
    return step
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    return this.#stream.return()
  }
}
