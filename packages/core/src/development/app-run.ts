import { createError } from '../errors/service-error.js'
import type { ServiceGraph } from '../graph/service-graph.js'
import type { StartMessage } from '../ipc/protocol.js'
import { bootError, describeExit } from '../supervisor/worker-exit.js'
import { type Deferred, deferred } from '../util/deferred.js'
import { isBooting } from '../worker/lifecycle.js'
import type { WorkerHandle, WorkerObserver, WorkerStateChange } from '../worker/worker-handle.js'

/** What is in flight when the code has changed gets so long. */
const RESTART_DRAIN_MS = 1_000
/** Who is connected and asks nothing is let go soon: a request may be on its way. */
const RESTART_KEEP_ALIVE_MS = 100

export interface AppRunOptions {
  readonly worker: WorkerHandle
  /** Its word to go on, made from what it announced. */
  readonly makeStart: (graph: ServiceGraph) => Promise<StartMessage>
  readonly onReady: () => void
  readonly bootTimeoutMs: number
}

/** How a run ended: undefined, as it was told; or why. */
export type AppEnd = { readonly error: Error; readonly wasReady: boolean } | undefined

/** One run of the app, from its process's start to its end. */
export class AppRun implements WorkerObserver {
  readonly #options: AppRunOptions
  readonly #ended: Deferred<AppEnd> = deferred()
  #start: Promise<StartMessage> | undefined
  #failure: Error | undefined
  #wasReady = false
  #isLeaving = false

  constructor(options: AppRunOptions) {
    this.#options = options
    options.worker.spawn(this)
  }

  get worker(): WorkerHandle {
    return this.#options.worker
  }

  get ended(): Promise<AppEnd> {
    return this.#ended.promise
  }

  /** It has been told to end. */
  get isLeaving(): boolean {
    return this.#isLeaving
  }

  /** The code has changed: it finishes what it can in a moment. */
  makeWay(): void {
    this.leave(RESTART_DRAIN_MS, RESTART_KEEP_ALIVE_MS)
  }

  leave(timeoutMs: number, keepAliveDrainMs: number): void {
    this.#isLeaving = true
    this.worker.drain({ type: 'drain', timeoutMs, keepAliveDrainMs })
  }

  kill(): void {
    this.#isLeaving = true
    this.worker.kill()
  }

  onAnnounced(worker: WorkerHandle, { graph }: { readonly graph: ServiceGraph }): void {
    if (this.#start !== undefined) {
      // A host app that has been built: there is nothing to be planned for it.
      worker.tell({ type: 'pools', pools: {}, isWhole: graph.open !== true })
      return
    }
    this.#start = this.#options.makeStart(graph)
    this.#start.catch((error: Error) => {
      this.#failure = error
      worker.kill()
    })
  }

  onState(worker: WorkerHandle, { to }: WorkerStateChange): void {
    if (to === 'held') {
      void this.#start?.then(
        (message) => worker.start(message),
        () => {},
      )
    }
    if (to === 'ready') {
      this.#wasReady = true
      this.#options.onReady()
    }
    if (to === 'exited') this.#ended.resolve(this.#isLeaving ? undefined : this.#account())
  }

  /** Somebody has told it to end: as if it had been us, its supervisor starts another. */
  onTerminated(worker: WorkerHandle): void {
    worker.drain({ type: 'drain', timeoutMs: RESTART_DRAIN_MS, keepAliveDrainMs: RESTART_KEEP_ALIVE_MS })
  }

  onWithdrawn(): void {}

  #account(): NonNullable<AppEnd> {
    const { identity, record } = this.worker
    if (this.#wasReady)
      return { error: createError('EKB_ERR_APP_ENDED', { how: describeExit(record) }), wasReady: true }
    const { bootTimeoutMs } = this.#options
    // Its output has been passed on.
    const boot = { service: identity.service || 'entry', slot: 0, bootTimeoutMs, record, lastOutput: '' }
    return { error: this.#failure ?? bootError(boot), wasReady: false }
  }
}

/** Is it on its way to serve? */
export function isStarting({ worker }: AppRun): boolean {
  return isBooting(worker.state)
}
