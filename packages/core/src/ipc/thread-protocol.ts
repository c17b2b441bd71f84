/**
 * What is said beside ipc/protocol.ts where workers are threads: the supervisor's channel leads to a host process, whose
 * main thread starts and ends threads and passes on what supervisor and worker say to each other.
 *
 *   supervisor               host process, main thread              thread
 *     hello  ───────────────▶  (its token: what else it does it does for us)
 *     seat   ───────────────▶  starts a thread  ───────────────────▶
 *     tell   ───────────────▶  ────────────── SupervisorMessage ───▶
 *            ◀───────────────  ◀───────────── WorkerMessage ───────  told (and nothing else that it posts)
 *            ◀──────────────────────────────── what it wrote ──────  wrote
 *     unseat ───────────────▶  ends it, with no grace
 *            ◀───────────────  left (it has ended)
 *     look   ───────────────▶  looks into it  ─────────────────────▶
 *            ◀───────────────  seen
 *     clear  ───────────────▶  closes the sockets that no thread has taken
 *     end    ───────────────▶  exits
 *            ◀───────────────  terminated (it got a SIGTERM)
 *                              ◀────────────────────────────────────  named, listening, call
 *                              ───────── neighbours, caller, lost ──▶
 */
import type { MessagePort } from 'node:worker_threads'
import type { WorkerRole } from './protocol.js'
import type { Diagnosis } from './watch-line.js'

/** The first of the descriptors of the public socket in a host process, one for each thread that may listen on it. */
export const FIRST_SOCKET_FD = 4

/** How to start a thread. */
export interface SeatCommand {
  readonly type: 'seat'
  /** Names the thread in all that is said of it. */
  readonly seat: number
  readonly token: string
  readonly env: Readonly<Record<string, string>>
  readonly role: WorkerRole
  /** Limit of its old space; undefined: V8's own. */
  readonly heapBytes: number | undefined
}

export type HostCommand =
  | { readonly type: 'hello'; readonly token: string }
  | SeatCommand
  /** `message`: as `wrapMessage` made it. */
  | { readonly type: 'tell'; readonly seat: number; readonly message: object }
  | { readonly type: 'unseat'; readonly seat: number }
  | { readonly type: 'look'; readonly seat: number; readonly id: number }
  | { readonly type: 'clear' }
  | { readonly type: 'end' }

/** How a thread ended. */
export interface SeatLeft {
  readonly type: 'left'
  readonly seat: number
  readonly code: number | null
  readonly outOfHeap: boolean
  /** Why it could not be started. */
  readonly error: string | undefined
}

export type HostReport =
  | { readonly type: 'seated'; readonly seat: number; readonly threadId: number }
  | { readonly type: 'told'; readonly seat: number; readonly message: unknown }
  | { readonly type: 'wrote'; readonly seat: number; readonly text: string }
  | { readonly type: 'seen'; readonly id: number; readonly outcome: Diagnosis | string }
  | SeatLeft
  | { readonly type: 'terminated' }

/** What a thread is started with. */
export interface ThreadData {
  readonly token: string
  readonly role: WorkerRole
  /** A descriptor of the public socket of its own; -1: it has none. */
  readonly socketFd: number
  /** 1: it has begun to listen on it, and closes it. */
  readonly socketTaken: Int32Array
}

/** The host process to a thread. */
export type HostWord =
  /** The supervisor is gone. */
  | { readonly type: 'lost' }
  /** All are to leave at once, with little time. */
  | { readonly type: 'quit' }
  /** Where the threads of this process serve calls. */
  | { readonly type: 'neighbours'; readonly addresses: readonly string[] }
  /** Another thread of this process calls. */
  | { readonly type: 'caller'; readonly port: MessagePort }

/** A thread to its host process. */
export type ThreadWord =
  | { readonly type: 'named'; readonly name: string }
  /** It serves calls under this address. */
  | { readonly type: 'listening'; readonly address: string }
  /** It calls the thread that serves there. */
  | { readonly type: 'call'; readonly address: string; readonly port: MessagePort }

const ENVELOPE = 'ekibenThread'

/** @internal */
export function wrapThreadWord(word: HostWord | ThreadWord): object {
  return { [ENVELOPE]: word }
}

/** What host process and thread say to each other themselves; undefined: it is something else. */
export function parseThreadWord<TWord extends HostWord | ThreadWord>(received: unknown): TWord | undefined {
  if (typeof received !== 'object' || received === null) return undefined
  const word = (received as Record<string, unknown>)[ENVELOPE]
  return typeof word === 'object' && word !== null ? (word as TWord) : undefined
}
