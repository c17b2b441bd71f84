import { toPublicError } from '../errors/public-error.js'
import { createError, type ServiceError } from '../errors/service-error.js'
import type { PoolMember, PoolSettings } from '../ipc/protocol.js'
import type { CountTable } from '../metrics/count-table.js'
import type { Logger } from '../observe/logger.js'
import { monotonicMs } from '../util/monotonic.js'
import { type BegunStream, CallStream } from './call-stream.js'
import { DeadlineWheel } from './deadline-wheel.js'
import type { FrameSocket } from './frame-socket.js'
import { GraceBudget } from './grace-budget.js'
import { ItemQueue } from './item-queue.js'
import { pickWorker } from './pick-worker.js'
import { type CallDeadline, type CallOptions, PoolCall, type PoolCallOwner } from './pool-call.js'
import type { PoolLink } from './pool-link.js'
import { PoolMembers } from './pool-members.js'
import { toCallerError } from './service-call-error.js'
import { TakenItems } from './stream-window.js'
import { encodeMessage, readAttachments } from './wire.js'

export interface PoolClientOptions {
  readonly service: string
  readonly settings: PoolSettings
  /** The caller's own. */
  readonly generation: number
  /** Of the service as the caller knows it; default: that of the first worker of its generation. */
  readonly schemaHash?: string
  readonly log: Logger
  /** Where its calls are counted. */
  readonly counts?: CountTable | undefined
  /** A shorter way to a worker at this address; undefined: its Unix socket. */
  readonly connect?: ((address: string) => FrameSocket | undefined) | undefined
}

/** An idempotent call is not given to more workers than this: it may be the one that kills them. */
const MAX_LOSSES = 2

/** The caller's side of a pool: gives each call to one of its ready workers, or keeps it until there is one. */
export class PoolClient implements PoolCallOwner {
  readonly #options: PoolClientOptions
  readonly #members: PoolMembers
  readonly #wheel = new DeadlineWheel<PoolCall>((call) => this.#expire(call))
  /** Waiting for a worker, in order of arrival. */
  readonly #queue = new Set<PoolCall>()
  readonly #inFlight = new Set<PoolCall>()
  readonly #grace: GraceBudget
  /** Runs while calls wait and no worker can be used. */
  #graceTimer: NodeJS.Timeout | undefined
  #retryTimer: NodeJS.Timeout | undefined

  constructor(options: PoolClientOptions) {
    this.#options = options
    this.#grace = new GraceBudget(options.settings.dependencyGraceMs, monotonicMs())
    this.#members = new PoolMembers({
      service: options.service,
      generation: options.generation,
      schemaHash: options.schemaHash,
      connect: options.connect,
      onChange: () => this.#onMembersChange(),
    })
  }

  /** The ready workers of the pool, from the supervisor's latest snapshot; `lost`: where no answer will come from. */
  update(members: readonly PoolMember[], lost: readonly string[] = []): void {
    this.#members.update(members, lost)
    this.#onMembersChange()
  }

  /** The answer of one of the workers; rejects with a coded error, or the one thrown there. */
  call(api: string, input: unknown, options: CallOptions): Promise<unknown> {
    // No async function: it would put a promise of its own around the call's.
    try {
      return this.#begin(api, input, options).promise
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The items that one of the workers answers with; `next` rejects with what a call would reject with. */
  stream(api: string, input: unknown, options: CallOptions): CallStream {
    return new CallStream(() => this.#beginStream(api, input, options))
  }

  /** Its connections keep the process alive no longer, nor does the limit of a call that has ended; calls go on. */
  unref(): void {
    this.#members.unref()
    this.#wheel.unref()
  }

  /** Does a call wait for its answer? Streams do not count: one may go on for as long as its reader lives. */
  get isWaitedFor(): boolean {
    return [...this.#queue, ...this.#inFlight].some(({ isStream }) => !isStream)
  }

  /** Ends all connections; calls that wait or run are rejected. */
  close(): void {
    const reason = 'its caller is closing'
    for (const call of [...this.#queue, ...this.#inFlight]) this.#cancel(call, this.#lost(call, reason))
    this.#members.destroy()
    this.#wheel.close()
    this.#endWait()
  }

  /** @internal */
  onResult(call: PoolCall, value: unknown): void {
    this.#settle(call, 'resolve', value)
    this.#serveQueue()
  }

  /** @internal */
  onBegun(call: PoolCall): void {
    if (call.deadlineAt !== undefined) this.#wheel.delete(call, call.deadlineAt)
    call.deadlineAt = undefined
  }

  /** @internal */
  onRefused(call: PoolCall, wireError: unknown): void {
    this.#settle(call, 'reject', toCallerError(wireError, { service: this.#options.service, method: call.api }))
    this.#serveQueue()
  }

  /** @internal */
  onReturned(call: PoolCall, reason: 'unsent' | 'lost', error: ServiceError): void {
    this.#inFlight.delete(call)
    if (reason === 'lost') {
      call.losses++
      if (!call.isRepeatable || call.losses > MAX_LOSSES || error.code !== 'EKB_ERR_WORKER_LOST') {
        this.#settle(call, 'reject', error)
        return
      }
    }
    call.link = undefined
    this.#dispatch(call)
  }

  /** @internal */
  onAbort(call: PoolCall): void {
    // Its caller was aborted by the deadline both share: that is what happened here, too.
    if (call.deadlineAt !== undefined && monotonicMs() >= call.deadlineAt) this.#expire(call)
    else this.#cancel(call, this.#aborted(call.api))
  }

  #beginStream(api: string, input: unknown, options: CallOptions): BegunStream {
    const taken = new TakenItems()
    const items = new ItemQueue((cost) => {
      const due = taken.take(cost)
      if (due > 0) call.link?.credit(call, due)
    })
    const call = this.#begin(api, input, options, items)
    call.promise.then(
      () => items.end(),
      (error: unknown) => items.end({ error }),
    )
    return { items, cancel: () => this.#cancel(call, this.#aborted(api)) }
  }

  #begin(api: string, input: unknown, options: CallOptions, items?: ItemQueue): PoolCall {
    if (options.signal?.aborted) throw this.#aborted(api)
    const message = encodeMessage(input, options)
    const call = new PoolCall({ owner: this, api, message, options, deadline: this.#deadlineOf(options), items })
    if (call.deadlineAt !== undefined) this.#wheel.add(call, call.deadlineAt)
    const attachments = readAttachments(message.attachments)
    if (attachments instanceof Promise) void this.#dispatchWhenRead(call, attachments)
    else this.#dispatch(call)
    return call
  }

  async #dispatchWhenRead(call: PoolCall, attachments: Promise<Uint8Array[]>): Promise<void> {
    try {
      call.attachments = await attachments
      this.#dispatch(call)
    } catch (error) {
      this.#settle(call, 'reject', error)
    }
  }

  #dispatch(call: PoolCall): void {
    if (call.isSettled) return
    if (call.deadlineAt !== undefined && monotonicMs() >= call.deadlineAt) return this.#expire(call)
    // Those that came before go first.
    const link = this.#queue.size > 0 ? undefined : this.#pick()
    if (link !== undefined) return this.#start(call, link)
    this.#enqueue(call)
    this.#serveQueue()
  }

  #start(call: PoolCall, link: PoolLink): void {
    call.link = link
    this.#inFlight.add(call)
    link.start(call)
  }

  #pick(): PoolLink | undefined {
    const { maxConcurrency } = this.#options.settings.traffic
    const usable = this.#members.usable()
    if (maxConcurrency === undefined) return pickWorker(usable, { random: Math.random, leastBusy: false })
    const free = usable.filter((link) => link.load < maxConcurrency)
    return pickWorker(free, { random: Math.random, leastBusy: true })
  }

  #enqueue(call: PoolCall): void {
    const { service, settings } = this.#options
    const queued = this.#queue.size
    if (queued >= settings.traffic.maxQueue) {
      this.#settle(call, 'reject', createError('EKB_ERR_OVERLOADED', { service, queued }))
      return
    }
    this.#queue.add(call)
  }

  #serveQueue(): void {
    while (this.#queue.size > 0) {
      const link = this.#pick()
      if (link === undefined) break
      const [call] = this.#queue as Iterable<PoolCall> as [PoolCall]
      this.#queue.delete(call)
      this.#start(call, link)
    }
    if (this.#queue.size === 0) this.#endWait()
    else if (this.#members.usable().length === 0) this.#waitForWorker()
  }

  /** Nobody can be reached: the queue waits as long as the grace lasts; after that, calls fail at once until a worker comes. */
  #waitForWorker(): void {
    const leftMs = this.#grace.leftMs(monotonicMs())
    if (leftMs <= 0) return this.#failQueue()
    this.#graceTimer ??= setTimeout(() => {
      this.#graceTimer = undefined
      this.#serveQueue()
    }, Math.ceil(leftMs))
    const retryInMs = this.#members.retryInMs
    if (retryInMs === undefined) return
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => this.#serveQueue(), Math.ceil(retryInMs))
  }

  /** No call waits any more: nor does the process. */
  #endWait(): void {
    clearTimeout(this.#graceTimer)
    clearTimeout(this.#retryTimer)
    this.#graceTimer = undefined
  }

  #failQueue(): void {
    const { service, settings } = this.#options
    const params = { service, waitedMs: settings.dependencyGraceMs }
    const cause = this.#members.lastError
    for (const call of this.#queue) {
      const error = createError('EKB_ERR_DEPENDENCY_DOWN', params, cause === undefined ? {} : { cause })
      this.#settle(call, 'reject', error)
    }
  }

  /** A worker came or went, or can be reached or no longer. */
  #onMembersChange(): void {
    const isUp = this.#members.usable().length > 0
    this.#grace.observe(isUp, monotonicMs())
    if (isUp) {
      clearTimeout(this.#graceTimer)
      this.#graceTimer = undefined
    }
    this.#serveQueue()
  }

  #expire(call: PoolCall): void {
    const what = `${this.#options.service}.${call.api}`
    this.#cancel(call, createError('EKB_ERR_TIMEOUT', { what, timeoutMs: Math.ceil(call.timeoutMs) }))
  }

  #cancel(call: PoolCall, error: ServiceError): void {
    const { link } = call
    if (!this.#settle(call, 'reject', error)) return
    link?.cancel(call)
    this.#serveQueue()
  }

  #settle(call: PoolCall, how: 'resolve' | 'reject', value: unknown): boolean {
    this.#queue.delete(call)
    this.#inFlight.delete(call)
    if (call.deadlineAt !== undefined) this.#wheel.delete(call, call.deadlineAt)
    if (!call.settle(how, value)) return false
    const code = how === 'resolve' ? 200 : toPublicError(value).statusCode
    this.#options.counts?.add(call.api, code, performance.now() - call.startedAt)
    return true
  }

  /** The nearest of the caller's deadline, the call's own limit and the pool's. */
  #deadlineOf({ deadlineAt = Infinity, timeoutMs = Infinity }: CallOptions): CallDeadline | undefined {
    const limitMs = Math.min(timeoutMs, this.#options.settings.traffic.timeoutMs ?? Infinity)
    if (deadlineAt === Infinity && limitMs === Infinity) return undefined
    const now = monotonicMs()
    const nearest = Math.min(deadlineAt, now + limitMs)
    return { at: nearest, timeoutMs: Math.max(0, nearest - now) }
  }

  #aborted(api: string): ServiceError {
    return createError('EKB_ERR_ABORTED', { what: `${this.#options.service}.${api}` })
  }

  #lost(call: PoolCall, reason: string): ServiceError {
    return createError('EKB_ERR_WORKER_LOST', { service: this.#options.service, method: call.api, reason })
  }
}
