import { decodeError, encodeError, type WireError } from '../errors/error-codec.js'
import { createError } from '../errors/service-error.js'
import {
  type Announcement,
  type AskedSocket,
  type BootStage,
  type CollectMessage,
  type CountsMessage,
  type DrainMessage,
  type GivenSocket,
  type InitMessage,
  type MetricsMessage,
  type PoolsMessage,
  parseWorkerMessage,
  type ScrapeMessage,
  type ShedMessage,
  type SnapshotMessage,
  type StartMessage,
  type StoppingMessage,
  type SupervisorMessage,
  type WantsSocketMessage,
  type WorkerIdentity,
  type WorkerMessage,
} from '../ipc/protocol.js'
import type { SendableHandle } from '../net/private-api.js'
import { hearFirst } from '../util/hear-first.js'
import { transition, type WorkerEffect, type WorkerEvent, type WorkerState, type WorkerTimer } from './lifecycle.js'
import type { WorkerBackend } from './worker-backend.js'
import type { WorkerRecord } from './worker-record.js'

/** A worker reports what it cut at its deadline, so the supervisor waits a little longer than the worker does. */
const GRACE_MARGIN_MS = 500
/** A killed process that has not ended after so long is stuck in the kernel: it is abandoned. */
const REAP_TIMEOUT_MS = 5_000

export interface WorkerHandleOptions {
  readonly identity: WorkerIdentity
  readonly backend: WorkerBackend
  readonly init: InitMessage
  readonly bootTimeoutMs: number
  readonly now: () => number
  readonly giveSocket?: GiveSocket | undefined
  /** Is told which files it has loaded, where it tells. */
  readonly onLoaded?: ((files: readonly string[]) => void) | undefined
}

/** Binds what a host app asks for, and gives the handle to be sent. */
export type GiveSocket = (asked: AskedSocket) => Promise<GivenSocket & { readonly handle: SendableHandle }>

export interface WorkerStateChange {
  readonly from: WorkerState
  readonly to: WorkerState
  readonly event: WorkerEvent
}

export interface WorkerObserver {
  onState(worker: WorkerHandle, change: WorkerStateChange): void
  onAnnounced(worker: WorkerHandle, announcement: Announcement): void
  /** It was told to stop from outside (SIGTERM to the worker itself); said again once it is ready, if it was not yet. */
  onTerminated(worker: WorkerHandle): void
  /** It drains and accepts no more. */
  onWithdrawn(worker: WorkerHandle): void
  /** It said how it fares. */
  onHeartbeat?(worker: WorkerHandle): void
}

/** Is told what a worker counted, and asked for what all have. */
export type MetricsListener = (worker: WorkerHandle, message: CountsMessage | ScrapeMessage) => void

export interface Adoption {
  readonly service: string
  readonly bootTimeoutMs: number
  readonly observer: WorkerObserver
}

/**
 * The supervisor's view of one incarnation of a worker; none of the logic that runs inside the worker.
 * The only caller of `transition`: state, deadlines and effects move together, in `#apply`.
 */
export class WorkerHandle {
  readonly spawnedAt: number
  readonly #options: WorkerHandleOptions
  /** What calls each of them off. */
  readonly #timers = new Map<WorkerTimer, () => void>()
  #identity: WorkerIdentity
  #bootTimeoutMs: number
  #observer: WorkerObserver | undefined
  #onMetrics: MetricsListener | undefined
  /** Announced when nobody of the running instance watched it. */
  #kept: Announcement | undefined
  #state: WorkerState = 'spawning'
  #record: WorkerRecord = { stage: 'spawn', cut: [] }
  /** It was told to stop from outside. */
  #isTerminated = false
  /** What `start` and `drain` will send. */
  #pending: { start?: StartMessage; drain?: DrainMessage } = {}

  constructor(options: WorkerHandleOptions) {
    this.#options = options
    this.#identity = options.identity
    this.#bootTimeoutMs = options.bootTimeoutMs
    this.spawnedAt = options.now()
  }

  get identity(): WorkerIdentity {
    return this.#identity
  }

  get state(): WorkerState {
    return this.#state
  }

  get pid(): number | undefined {
    return this.#options.backend.pid
  }

  /** Its call socket, which stays behind when it is killed; undefined for an entry worker. */
  get socketPath(): string | undefined {
    return this.#options.init.socketPath
  }

  get lastOutput(): string {
    return this.#options.backend.lastOutput
  }

  /** See WorkerBackend. */
  get threadId(): number | undefined {
    return this.#options.backend.threadId
  }

  /** See WorkerBackend. */
  diagnose(): ReturnType<WorkerBackend['diagnose']> {
    return this.#options.backend.diagnose()
  }

  /** How often it says that its event loop turns. */
  get heartbeatMs(): number {
    return this.#options.init.heartbeatMs
  }

  /** What is known of it beside its state. */
  get record(): Readonly<WorkerRecord> {
    return this.#record
  }

  spawn(observer: WorkerObserver): void {
    this.#observer = observer
    this.#perform({ do: 'arm', timer: 'boot' })
    this.#options.backend.start({
      onSpawned: () => this.#apply('spawned'),
      onMessage: (received) => this.#receive(parseWorkerMessage(received)),
      onExit: (exit) => {
        this.#record = { ...this.#record, exit }
        this.#apply('exit')
      },
    })
  }

  /** It turned out to be a worker of this service: watched by another from now on, with that service's boot limit. */
  adopt({ service, bootTimeoutMs, observer }: Adoption): void {
    this.#identity = { ...this.#identity, service }
    this.#observer = observer
    this.#bootTimeoutMs = bootTimeoutMs
    if (this.#kept !== undefined) observer.onAnnounced(this, this.#kept)
    if (!this.#timers.has('boot')) return
    this.#perform({ do: 'disarm', timer: 'boot' })
    this.#arm('boot', bootTimeoutMs - (this.#options.now() - this.spawnedAt))
  }

  /** Whoever adopts it is told of this. */
  keep(announcement: Announcement): void {
    this.#kept = announcement
  }

  reportTo(listener: MetricsListener): void {
    this.#onMetrics = listener
  }

  start(message: StartMessage): void {
    this.#pending.start = message
    this.#apply('start')
  }

  /** Lets a worker in standby accept. */
  admit(): void {
    this.#apply('admit')
  }

  drain(message: DrainMessage): void {
    this.#pending.drain = { ...message, until: this.#options.now() + message.timeoutMs }
    this.#apply('drain')
  }

  kill(): void {
    this.#apply('kill')
  }

  /** Kills it because its event loop has not turned for so long. */
  killWedged(blockedMs: number): void {
    this.#record = { ...this.#record, wedgedMs: blockedMs }
    this.kill()
  }

  /** Kills it; resolves when it is gone. Whoever watched it is told no more. */
  end(): Promise<void> {
    if (this.#state === 'exited') return Promise.resolve()
    return new Promise((resolve) => {
      const onState = (_worker: WorkerHandle, { to }: WorkerStateChange): void => {
        if (to === 'exited') resolve()
      }
      this.#observer = { onState, onAnnounced: () => {}, onTerminated: () => {}, onWithdrawn: () => {} }
      this.kill()
    })
  }

  /** Word that changes nothing of its state. */
  tell(
    message: PoolsMessage | SnapshotMessage | StoppingMessage | ShedMessage | CollectMessage | MetricsMessage,
  ): void {
    if (this.#state !== 'killing' && this.#state !== 'exited') this.#options.backend.send(message)
  }

  #receive(message: WorkerMessage | undefined): void {
    if (message === undefined) return
    this.#record = { ...this.#record, heardAt: this.#options.now() }
    switch (message.type) {
      case 'stage':
        this.#record = { ...this.#record, stage: message.stage }
        return
      case 'announced':
        this.#observer?.onAnnounced(this, message)
        return
      case 'held':
        this.#apply('held')
        return
      case 'standby':
        this.#record = { ...this.#record, provenSince: this.#options.now() }
        this.#apply('standby')
        return
      case 'heartbeat':
        this.#record = { ...this.#record, vitals: message.vitals }
        this.#observer?.onHeartbeat?.(this)
        return
      case 'ready':
        this.#recordReady(message.address)
        this.#apply('ready')
        return
      case 'boot-failed':
        this.#recordFailure(message.stage, message.error)
        this.#apply('boot-failed')
        return
      case 'uncaught':
        this.#record = { ...this.#record, uncaught: message.uncaught }
        return
      case 'terminated':
        this.#isTerminated = true
        this.#observer?.onTerminated(this)
        return
      case 'withdrawn':
        this.#record = { ...this.#record, withdrawn: true }
        this.#observer?.onWithdrawn(this)
        return
      case 'cut':
        this.#record = { ...this.#record, cut: message.what }
        return
      case 'loaded':
        this.#options.onLoaded?.(message.files)
        return
      case 'wants-socket':
        this.#giveSocket(message)
        return
      case 'counts':
      case 'scrape':
        this.#onMetrics?.(this, message)
        return
      case undefined:
        return
    }
  }

  #giveSocket({ id, port, host, which }: WantsSocketMessage): void {
    const { giveSocket, backend } = this.#options
    const refuse = (error: unknown): void =>
      backend.send({ type: 'socket', id, socket: undefined, error: encodeError(error) })
    if (giveSocket === undefined) {
      refuse(createError('EKB_ERR_WORKER_PROTOCOL', { reason: 'it runs no host app' }))
      return
    }
    giveSocket({ port, host, which }).then(
      ({ handle, ...socket }) => backend.send({ type: 'socket', id, socket, error: undefined }, handle),
      refuse,
    )
  }

  #recordReady(address: string): void {
    const readyAt = this.#options.now()
    this.#record = { ...this.#record, address, readyAt, provenSince: this.#record.provenSince ?? readyAt }
  }

  #recordFailure(stage: BootStage, error: WireError): void {
    this.#record = { ...this.#record, failure: { stage, error: decodeError(error) } }
  }

  #apply(event: WorkerEvent): void {
    const next = transition(this.#state, event)
    // A late event (a message from a worker that is being killed) is for a state that is past.
    if (next === undefined) return
    const change = { from: this.#state, to: next.to, event }
    this.#state = next.to
    if (event === 'timeout:boot') this.#record = { ...this.#record, bootTimedOut: true }
    for (const effect of next.effects) this.#perform(effect)
    if (next.to === 'killing' && (change.from === 'draining' || change.from === 'ready'))
      this.#record = { ...this.#record, forced: true }
    this.#observer?.onState(this, change)
    if (next.to === 'ready' && this.#isTerminated) this.#observer?.onTerminated(this)
  }

  #perform(effect: WorkerEffect): void {
    switch (effect.do) {
      case 'arm':
        this.#arm(effect.timer, this.#timeoutMs(effect.timer))
        return
      case 'disarm':
        this.#timers.get(effect.timer)?.()
        this.#timers.delete(effect.timer)
        return
      case 'send':
        this.#send(effect.message)
        return
      case 'kill':
        this.#record = { ...this.#record, killed: true }
        this.#options.backend.kill()
        return
      case 'release':
        for (const callOff of this.#timers.values()) callOff()
        this.#timers.clear()
        return
    }
  }

  #arm(timer: WorkerTimer, timeoutMs: number): void {
    const callOff = hearFirst(Math.max(0, timeoutMs), () => this.#expire(timer))
    this.#timers.set(timer, callOff)
  }

  #expire(timer: WorkerTimer): void {
    this.#timers.delete(timer)
    this.#apply(`timeout:${timer}`)
  }

  #timeoutMs(timer: WorkerTimer): number {
    switch (timer) {
      case 'boot':
        return this.#bootTimeoutMs
      case 'grace':
        return (this.#pending.drain?.timeoutMs ?? 0) + GRACE_MARGIN_MS
      case 'reap':
        return REAP_TIMEOUT_MS
    }
  }

  #send(message: 'init' | 'start' | 'admit' | 'drain'): void {
    const body = this.#bodyOf(message)
    if (body !== undefined) this.#options.backend.send(body)
  }

  #bodyOf(message: 'init' | 'start' | 'admit' | 'drain'): SupervisorMessage | undefined {
    if (message === 'init') return this.#options.init
    return message === 'admit' ? { type: 'admit' } : this.#pending[message]
  }
}
