import { type SupervisorMessage, type WorkerMessage, wrapMessage } from '../ipc/protocol.js'
import type { WorkerBackend, WorkerBackendEvents, WorkerExit } from './worker-backend.js'

/** What this process does as a worker of its own supervisor. */
export interface LocalWorker {
  /** `tell` is its way to the supervisor, `leave` its end as a worker. False: it has begun before. */
  begin(tell: (message: WorkerMessage) => void, leave: () => void): boolean
  hear(message: SupervisorMessage): void
}

/** The worker is this process itself, which calls the pools that it supervises: there is one of it, and never another. */
export class LocalBackend implements WorkerBackend {
  readonly pid: number = process.pid
  readonly lastOutput = ''
  readonly threadId: undefined
  readonly #worker: LocalWorker
  #events: WorkerBackendEvents | undefined

  constructor(worker: LocalWorker) {
    this.#worker = worker
  }

  start(events: WorkerBackendEvents): void {
    this.#events = events
    const tell = (message: WorkerMessage): void => this.#soon(() => this.#events?.onMessage(wrapMessage(message)))
    const begins = this.#worker.begin(tell, () => this.#exit({ code: 0, signal: null }))
    if (begins) this.#soon(() => this.#events?.onSpawned())
    else this.#exit({ code: null, signal: null, error: new Error(ONE_ONLY) })
  }

  send(message: SupervisorMessage): void {
    this.#soon(() => this.#worker.hear(message))
  }

  async diagnose(): Promise<string> {
    return 'its supervisor is in the same process'
  }

  /** As a worker alone: nobody kills the process that it is. */
  kill(): void {
    this.#exit({ code: 0, signal: null })
  }

  #exit(exit: WorkerExit): void {
    this.#soon(() => {
      this.#events?.onExit(exit)
      this.#events = undefined
    })
  }

  /** As over a channel: never in the middle of what the other side does. */
  #soon(work: () => void): void {
    queueMicrotask(work)
  }
}

const ONE_ONLY = 'this process supervises its pools itself: it is their only caller, and cannot be replaced'
