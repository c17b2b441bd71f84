import type { BootStage, UncaughtError, Vitals } from '../ipc/protocol.js'
import type { WorkerExit } from './worker-backend.js'

/** Why a worker did not become ready, in its own words. */
export interface BootFailure {
  readonly stage: BootStage
  readonly error: Error
}

/** What is known of a worker beside its state. */
export interface WorkerRecord {
  /** How far its boot came. */
  readonly stage: BootStage
  /** Where its calls go, once it is ready: a socket path, or the public address. */
  readonly address?: string
  readonly readyAt?: number
  /** Since when it could serve: in standby already. */
  readonly provenSince?: number
  /** What it said with its last heartbeat. */
  readonly vitals?: Vitals
  /** When it said anything last. */
  readonly heardAt?: number
  readonly failure?: BootFailure
  readonly bootTimedOut?: boolean
  /** The error that nobody caught and that ends it. */
  readonly uncaught?: UncaughtError
  /** Its supervisor killed it, for whatever reason. */
  readonly killed?: boolean
  /** It drains and accepts no more. */
  readonly withdrawn?: boolean
  /** It was killed because its event loop had not turned for so long. */
  readonly wedgedMs?: number
  /** It had to be killed although it was serving or draining. */
  readonly forced?: boolean
  /** What was cut at its deadline: requests, the end of an app. */
  readonly cut: readonly string[]
  readonly exit?: WorkerExit
}
