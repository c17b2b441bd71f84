import type { ServePlan, ServicePlan } from '../plan/serve-plan.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import type { GenerationGrowth } from './generation-growth.js'

/** What the working directory and the entry led to when a generation was planned. */
export interface Pinned {
  readonly workingDir: string
  /** File of the entry service. */
  readonly entry: string
}

/** One version of the code and its plan: everything needed to start a worker of it again. */
export interface Generation {
  readonly number: number
  /** Replaced by a larger one where a host app turns out to call more. */
  plan: ServePlan
  readonly pinned: Pinned
  /** The whole stop, in milliseconds. */
  readonly stopTimeoutMs: number
  readonly makeWorker: (plan: ServicePlan, slot: number) => WorkerHandle
  /** Entry workers that were started before it was planned and can stay on. */
  readonly begun: readonly WorkerHandle[]
  /** Of a host app, whose workers may call more than was announced first. */
  readonly growth: GenerationGrowth
}
