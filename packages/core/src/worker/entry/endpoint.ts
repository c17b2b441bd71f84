import type { Mount } from '../../http/mount-table.js'
import type { InitMessage, StartMessage } from '../../ipc/protocol.js'
import type { WorkerCounts } from '../../metrics/worker-counts.js'
import type { Logger } from '../../observe/logger.js'
import type { Runner } from '../../runner/runner.js'
import type { WorkerService } from './load-worker-service.js'
import type { WorkerSeat } from './worker-seat.js'

export interface EndpointDrain {
  readonly timeoutMs: number
  readonly keepAliveDrainMs: number | null
  /** It accepts no more. */
  readonly onWithdrawn?: () => void
}

/** Where a worker's calls come in: HTTP on the public socket, or frames on a Unix socket of its own. */
export interface Endpoint {
  /** How many other workers are connected; undefined: clients call here. */
  readonly callers?: () => number
  /** How many clients are connected; undefined: other workers call here. */
  readonly connections?: () => number
  /** Starts to accept; resolves with the address that callers or clients use. */
  listen(): Promise<string>
  /** Serves on, and has clients who stay connected connect anew: others will serve them better. */
  discourage?(): void
  /** Lets clients stay connected again. */
  encourage?(): void
  /** Has the clients of so many connections, each when it next asks, connect anew. */
  shed?(connections: number): void
  /** Stops accepting and finishes what is in flight; resolves with what had to be cut. Called again: new times, from now. */
  drain(options: EndpointDrain): Promise<readonly string[]>
}

/** What an endpoint is made from. */
export interface Serving {
  readonly init: InitMessage
  readonly start: StartMessage
  readonly service: WorkerService
  readonly runner: Runner
  readonly log: Logger
  /** Said by readiness probes. */
  readonly isReady: () => boolean
  readonly counts: WorkerCounts
  /** The metrics of the whole instance, as text. */
  readonly scrape: () => Promise<string>
  /** The service's own request handlers beside its apis. */
  readonly mounts: readonly Mount[]
  readonly seat: WorkerSeat
}
