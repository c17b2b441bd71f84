import type { SupervisorMessage } from '../ipc/protocol.js'
import type { Diagnosis } from '../ipc/watch-line.js'
import type { SendableHandle } from '../net/private-api.js'

/** How a worker ended. Both null: it never started, or its end was not seen. */
export interface WorkerExit {
  readonly code: number | null
  readonly signal: string | null
  /** Why it could not be started. */
  readonly error?: Error
  /** What had run out when it ended: its own heap, or the memory of the machine or container, and the kernel chose it. */
  readonly outOf?: 'heap' | 'memory'
}

export interface WorkerBackendEvents {
  onSpawned(): void
  onMessage(received: unknown): void
  /** Once, after the last of its stderr was read. */
  onExit(exit: WorkerExit): void
}

/** Where processes are written down that must not outlive their supervisor. */
export interface ProcessLedger {
  /** Resolves when it is written; never rejects. */
  add(pid: number): Promise<void>
  /** It is gone, with all it had started. */
  remove(pid: number): void
}

/** The only thing that knows whether a worker is a process or a thread. */
export interface WorkerBackend {
  /** Of its process, which it may share with others. */
  readonly pid: number | undefined
  /** Of its thread in that process; undefined: it has the process for itself. */
  readonly threadId: number | undefined
  /** The last of what it wrote to stderr. */
  readonly lastOutput: string
  start(events: WorkerBackendEvents): void
  /** With a handle: the worker gets a descriptor of its own for it. */
  send(message: SupervisorMessage, handle?: SendableHandle): void
  /** What goes on in it, also while its event loop does not turn; a string says why that cannot be known. */
  diagnose(): Promise<Diagnosis | string>
  /** Ends it and everything it started, with no grace. */
  kill(): void
}
