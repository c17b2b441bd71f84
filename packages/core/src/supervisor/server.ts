import type { GenerationStatus, InstanceStatus } from './instance-status.js'

/** How an instance ended. */
export interface ServerClosed {
  /** What the process should exit with: 0, 7 when something had to be killed, 130 or 143 when it was forced. */
  readonly exitCode: number
  /** What had to be killed or cut, in words. */
  readonly forced: readonly string[]
}

/** A reload that came to its end. */
export interface ReloadOutcome {
  readonly from: GenerationStatus
  readonly to: GenerationStatus
}

/** A running instance. */
export interface Server extends AsyncDisposable {
  /** Where to reach it; for 0.0.0.0 `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly address: { readonly host: string; readonly port: number }
  /** What runs now: state, services, workers. */
  status(): InstanceStatus
  /**
   * Sets the number of workers of a service; resolves when those added have proved themselves and the rest were told
   * to leave.
   *
   * @throws `EKB_ERR_SCALE_REFUSED`: one that was added failed, and the number is what it was; or another number
   * was set before it was ready. `EKB_ERR_INSTANCE_STOPPED`: the instance stops.
   */
  scale(service: string, workers: number): Promise<void>
  /**
   * Rolling reload: plans from the code as it is now, lets one worker of each service prove itself, then replaces
   * worker for worker. Resolves when every slot is served by the new code; old workers may still be finishing.
   * One that is asked for during another runs after it.
   *
   * @throws `EKB_ERR_RELOAD_REFUSED`: nothing has changed. `EKB_ERR_RELOAD_MIXED`: it stopped half-way.
   * `EKB_ERR_RELOAD_STOPPED`: the instance stops. The cause is the worker's own error, `detail.lastOutput` its output.
   */
  reload(): Promise<ReloadOutcome>
  /**
   * Replaces the workers of a service, or the one in `slot`, by others of the same code, one after another. Resolves
   * when all have proved themselves.
   *
   * @throws `EKB_ERR_RESTART_FAILED`: the worker that was to be replaced serves on. `EKB_ERR_INSTANCE_STOPPED`: the
   * instance stops.
   */
  restart(service: string, slot?: number): Promise<void>
  /** Graceful stop; resolves when nothing is left. Called again it gives the same promise. */
  stop(): Promise<ServerClosed>
  /** Resolves when the instance is gone, for whatever reason. */
  readonly closed: Promise<ServerClosed>
}
