import type { ServePlan, ServicePlan } from '../plan/serve-plan.js'
import type { WorkerHandle } from '../worker/worker-handle.js'

/** What the working directory and the entry led to when a generation was planned. */
export interface Pinned {
  readonly workingDir: string
  /** File of the entry service. */
  readonly entry: string
}

/** One version of the code and its plan: everything needed to start a worker of it again. */
export interface Generation {
  readonly number: number
  readonly plan: ServePlan
  readonly pinned: Pinned
  readonly makeWorker: (plan: ServicePlan, slot: number) => WorkerHandle
  /** Entry workers that were started before it was planned and can stay on. */
  readonly begun: readonly WorkerHandle[]
}
