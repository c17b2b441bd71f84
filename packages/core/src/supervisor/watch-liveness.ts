import type { Logger } from '../observe/logger.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import { balanceConnections } from './balance-connections.js'
import type { LivenessView } from './liveness.js'
import { LivenessWatch } from './liveness-watch.js'
import type { Incarnation } from './slot.js'
import type { Watcher } from './watcher.js'
import { WedgeKeeper } from './wedge-keeper.js'

export interface WatchLivenessOptions {
  readonly log: Logger
  /** The folder of the instance, for dumps. */
  readonly folder: string
  readonly now: () => number
  readonly watchers: () => readonly Watcher[]
  /** Tells callers which workers are left. */
  readonly publish: () => void
}

/** Watches over the event loops of an instance's workers, until it is told to stop. */
export function watchLiveness({ log, folder, now, watchers, publish }: WatchLivenessOptions): { stop: () => void } {
  const watcherOf = (worker: WorkerHandle): Watcher | undefined =>
    watchers().find(({ service }) => service === worker.identity.service)
  const keeper = new WedgeKeeper({
    log,
    folder,
    now,
    replace: (worker) => {
      watcherOf(worker)?.replace(worker, 'wedged', { usable: false })
      publish()
    },
    isReplaced: (worker) => {
      const { slot, generation } = worker.identity
      return watcherOf(worker)?.slots.isServed(slot, generation) === true
    },
  })
  return new LivenessWatch<WorkerHandle>({
    now,
    workers: () => watchers().flatMap(({ slots }) => slots.incarnations.map(viewOf)),
    onWedged: (worker, blockedMs) => keeper.onWedged(worker, blockedMs),
    onHealthy: () => balanceConnections(watchers()),
  })
}

function viewOf({ worker, plan }: Incarnation): { worker: WorkerHandle; view: LivenessView } {
  const { state, heartbeatMs, record } = worker
  const inspected = record.vitals?.inspected === true
  const timeoutMs = plan.supervision.livenessTimeoutMs
  return { worker, view: { state, heardAt: record.heardAt, inspected, timeoutMs, heartbeatMs } }
}
