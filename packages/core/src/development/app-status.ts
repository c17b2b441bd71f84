import type { ServiceStatus } from '../supervisor/instance-status.js'
import type { WorkerHandle } from '../worker/worker-handle.js'

/** The app's part of the status, at monotonic time `now`: one process, in which everything runs. */
export function appStatus(name: string, worker: WorkerHandle | undefined, now: number): ServiceStatus {
  const isReady = worker?.state === 'ready'
  const state = isReady ? 'ready' : 'down'
  const generation = worker?.identity.generation ?? 0
  if (worker === undefined || worker.state === 'exited') return { name, state, target: 1, generation, workers: [] }
  const { readyAt, vitals } = worker.record
  const status = {
    slot: 0,
    pid: worker.pid,
    state: worker.state,
    generation,
    uptimeMs: readyAt === undefined ? 0 : Math.round(now - readyAt),
    restarts: 0,
    lastExit: undefined,
    rssBytes: vitals?.rssBytes,
    inFlight: vitals?.inFlight,
    oldestCallMs: vitals?.oldestCallMs,
    loopUtilization: vitals?.loopUtilization,
  }
  return { name, state, target: 1, generation, workers: [status] }
}
