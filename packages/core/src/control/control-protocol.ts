/**
 * What the command `ekiben` and a running instance say to each other: JSON over HTTP, one request a connection, on
 * the Unix socket in the instance's folder.
 *
 *   GET  /status                     → InstanceStatus
 *   GET  /metrics                    → text of Prometheus
 *   POST /reload                     → how it ended
 *   POST /scale    ScaleRequest      → {}, when the pool is as asked
 *   POST /restart  WorkerTarget      → {}, when the workers are replaced
 *   POST /dump     WorkerTarget      → DumpAnswer
 *   POST /stop                       → StopAnswer, when no worker is left
 *
 * A refusal is `{ error: WireError }`, under the error's own status. Each side says the protocol it speaks in a
 * header of its own; one that does not know the other's goes no further. A request without the header is a person's
 * (curl), and is served.
 */
import type { WireError } from '../errors/error-codec.js'

/** Raised whenever an older side would misunderstand a newer one. */
export const CONTROL_PROTOCOL = '1'

/** On every request and every answer. */
export const PROTOCOL_HEADER = 'ekiben-control'

/** Which release speaks, for the message of a refusal. */
export const VERSION_HEADER = 'ekiben-version'

/** The socket's name in the instance's folder. */
export const CONTROL_SOCKET = 'control.sock'

export interface ScaleRequest {
  readonly service: string
  readonly workers: number
}

export interface WorkerTarget {
  readonly service: string
  /** undefined: every slot. */
  readonly slot?: number | undefined
}

export interface DumpAnswer {
  /** The file that was written. */
  readonly path: string
}

export interface StopAnswer {
  readonly exitCode: number
  /** What had to be killed or cut, in words. */
  readonly forced: readonly string[]
  /** The process ends with the instance, with that code; false: it is embedded in another program. */
  readonly endsProcess: boolean
}

export interface RefusedAnswer {
  readonly error: WireError
}
