import type { SupervisorState } from './supervisor-state.js'
import type { Watcher } from './watcher.js'

/** One worker, as `status()` and later `ekiben ps` show it. */
export interface WorkerStatus {
  readonly slot: number
  readonly pid: number | undefined
  readonly state: string
  readonly generation: number
  /** Milliseconds since it became ready; 0 before. */
  readonly uptimeMs: number
  /** Deaths in this slot that nobody asked for. */
  readonly restarts: number
  readonly lastExit: string | undefined
}

export interface ServiceStatus {
  readonly name: string
  readonly state: 'ready' | 'degraded' | 'down'
  /** Workers wanted. */
  readonly target: number
  readonly generation: number
  readonly workers: readonly WorkerStatus[]
}

export interface InstanceStatus {
  readonly instance: string
  readonly pid: number
  readonly url: string
  readonly state: SupervisorState
  readonly services: readonly ServiceStatus[]
}

/** One service's part of the status, at monotonic time `now`. */
export function serviceStatus(watcher: Watcher, generation: number, now: number): ServiceStatus {
  const ready = watcher.ready.length
  return {
    name: watcher.plan.name,
    state: ready === 0 ? 'down' : ready < watcher.target ? 'degraded' : 'ready',
    target: watcher.target,
    generation,
    workers: watcher.workers.map((worker) => ({
      slot: worker.identity.slot,
      pid: worker.pid,
      state: worker.state,
      generation: worker.identity.generation,
      uptimeMs: worker.record.readyAt === undefined ? 0 : Math.round(now - worker.record.readyAt),
      ...watcher.slotHistory(worker.identity.slot),
    })),
  }
}
