import { Socket } from 'node:net'
import { createError } from '../errors/service-error.js'
import type { DispatchRequest } from '../http/dispatch.js'
import type { StreamCaller } from '../http/open-stream.js'
import { acceptRequestId } from '../http/request-id.js'
import { HttpResponseControl } from '../http/response-control.js'
import { currentAnswer } from '../net/private-api.js'
import type { ResponseControl } from '../service/call-context.js'
import { MAX_TIMER_MS } from '../util/max-timer.js'
import { monotonicMs } from '../util/monotonic.js'
import type { MountRequest } from './mount-types.js'

/** Whose calls they are: one for all of them, for they are made for each request. */
export interface MountCallOwner {
  /** Makes an id for a request that came without one. */
  readonly makeId: () => string
  /** Is told that it goes on for nobody. */
  readonly onCut: (call: MountCall, reason: unknown) => void
  /** Does the host stop, and end no connections but idle ones? */
  readonly isLeaving: () => boolean
}

/**
 * One request to a mounted service, in the hands of its host until it is answered; the call's view of it as well.
 *
 *   open ──▶ ended (answered, refused, or its stream is at its end)
 *     └────▶ cut   (its client left, or its time was up)
 */
export class MountCall implements DispatchRequest, StreamCaller {
  readonly requestId: string
  readonly route: string
  readonly startedAt: number = performance.now()
  deadlineAt: number | undefined = undefined
  control: HttpResponseControl | undefined = undefined
  /** Files that came with it: they go when it has ended. */
  files: { release(): Promise<void> } | undefined = undefined
  readonly #request: MountRequest
  #state: 'open' | 'ended' | 'cut' = 'open'
  #cutBy: unknown = undefined
  readonly #owner: MountCallOwner
  #giveUp: ((reason: unknown) => void) | undefined = undefined
  #abort: AbortController | undefined = undefined
  #timer: NodeJS.Timeout | undefined = undefined
  #closeSource: (() => Promise<unknown>) | undefined = undefined

  /** `route`: the path of its route. */
  constructor(request: MountRequest, route: string, owner: MountCallOwner) {
    this.#request = request
    this.route = route
    this.#owner = owner
    const { headers, requestId, outgoing, signal } = request
    this.requestId = acceptRequestId(headers['x-request-id']) ?? acceptRequestId(requestId) ?? owner.makeId()
    // It stays: taking it away again costs more than what it does when all has been said.
    outgoing?.on('close', this.#onLeft)
    signal?.addEventListener('abort', this.#onLeft, { once: true })
    // While a hook, a guard or a middleware of the host's took its time.
    if (signal?.aborted === true || (outgoing !== undefined && isClosed(outgoing))) this.#onLeft()
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#state === 'cut') this.#abort.abort(this.#cutBy)
    }
    return this.#abort.signal
  }

  get headers(): MountRequest['headers'] {
    return this.#request.headers
  }

  get traceparent(): string | undefined {
    const { traceparent } = this.headers
    return typeof traceparent === 'string' ? traceparent : undefined
  }

  get remoteAddress(): string | undefined {
    return this.#request.remoteAddress
  }

  get response(): ResponseControl {
    this.control ??= new HttpResponseControl()
    return this.control
  }

  get isWanted(): boolean {
    return this.#state === 'open'
  }

  get ageMs(): number {
    return performance.now() - this.startedAt
  }

  /** Its client left, or its time was up. */
  get isCut(): boolean {
    return this.#state === 'cut'
  }

  /** From now on it may take so long. */
  limit(timeoutMs: number): void {
    this.deadlineAt = monotonicMs() + timeoutMs
    const expire = () => this.#cut(createError('EKB_ERR_TIMEOUT', { what: this.route, timeoutMs }))
    this.#timer = setTimeout(expire, Math.min(timeoutMs, MAX_TIMER_MS))
  }

  /** Its first item is there: the time it had was for that. */
  liftLimit(): void {
    clearTimeout(this.#timer)
    this.deadlineAt = undefined
  }

  /** Is told why, once the call is cut; at once where it was before. */
  giveUpBy(listener: (reason: unknown) => void): void {
    this.#giveUp = listener
    if (this.#state === 'cut') listener(this.#cutBy)
  }

  /** Settles as the work does; rejects at once when the call is cut, whatever the work goes on to do. */
  unlessCut<T>(work: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.giveUpBy(reject)
      work.then(resolve, reject)
    })
  }

  /** The connection is done with its answer, sent or not. */
  onceClosed(listener: () => void): void {
    this.#request.outgoing?.once('close', listener)
  }

  attach(close: () => Promise<unknown>): void {
    this.#closeSource = close
  }

  /** It is answered, to the end. */
  end(): void {
    if (this.#state === 'open') this.#state = 'ended'
    clearTimeout(this.#timer)
    this.#request.signal?.removeEventListener('abort', this.#onLeft)
    void this.files?.release()
    const { outgoing } = this.#request
    // One that is about to be sent says that its connection ends. An answer of HTTP/2 has none of its own.
    const mayKeep = outgoing?.shouldKeepAlive === true && !outgoing.headersSent
    if (mayKeep && this.#owner.isLeaving()) outgoing.shouldKeepAlive = false
  }

  /** Runs at the end of each answer, too: an error that nobody needs would be the dearest part of it. */
  readonly #onLeft = (): void => {
    if (this.#state === 'open') this.#cut(createError('EKB_ERR_ABORTED', { what: this.route }))
    else if (this.#owner.isLeaving()) this.#endConnection()
  }

  /** Its answer had begun before it could say so: a client that keeps its connection would keep the host from its end. */
  #endConnection(): void {
    const { outgoing } = this.#request
    // Node ends the others; HTTP/2 has one connection for all answers.
    if (outgoing?.shouldKeepAlive !== true) return
    const { socket } = outgoing.req
    // Another answer may wait behind this one; and who asks an app without a port, as in tests, has no connection.
    if (socket instanceof Socket && currentAnswer(socket) === undefined) socket.destroySoon()
  }

  #cut(reason: unknown): void {
    if (this.#state !== 'open') return
    this.#state = 'cut'
    this.#cutBy = reason
    clearTimeout(this.#timer)
    this.#abort?.abort(reason)
    // What its `finally` blocks throw is nobody's answer.
    this.#closeSource?.().catch(() => {})
    this.#giveUp?.(reason)
    this.#owner.onCut(this, reason)
  }
}

/** A response of HTTP/2 leaves it to its stream to say so. */
function isClosed(outgoing: Closing): boolean {
  return outgoing.destroyed ?? outgoing.stream?.destroyed === true
}

interface Closing {
  readonly destroyed?: boolean
  readonly stream?: { readonly destroyed: boolean }
}
