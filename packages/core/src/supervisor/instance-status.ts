import { type Incarnation, isAvailable, type Slot } from './slot.js'
import type { SupervisorState } from './supervisor-state.js'
import type { Watcher } from './watcher.js'

/** One worker, as `status()` and `ekiben ps` show it. */
export interface WorkerStatus {
  readonly slot: number
  /** Of its process. */
  readonly pid: number | undefined
  /** Of a worker that is a thread: its number in that process, which is shared. Missing: it has the process for itself. */
  readonly threadId?: number
  /** As in docs/lifecycle.md; `not-ready`: it could serve, and its own `isReady()` says no. */
  readonly state: string
  readonly generation: number
  /** Milliseconds since it became ready; 0 before. */
  readonly uptimeMs: number
  /** Deaths in this slot that nobody asked for. */
  readonly restarts: number
  /** How the last worker of this slot ended. */
  readonly lastExit: string | undefined
  /** As its last heartbeat said; undefined before the first. */
  readonly rssBytes: number | undefined
  readonly inFlight: number | undefined
  readonly oldestCallMs: number | undefined
  /** 0 to 1. */
  readonly loopUtilization: number | undefined
}

export interface ServiceStatus {
  readonly name: string
  /** `flapping`: its workers keep dying, and are tried again one at a time. */
  readonly state: 'ready' | 'degraded' | 'down' | 'flapping'
  /** Workers wanted. */
  readonly target: number
  readonly generation: number
  readonly workers: readonly WorkerStatus[]
}

/** What a generation is made from. */
export interface GenerationStatus {
  readonly generation: number
  /** The working directory, links followed when the generation was planned. */
  readonly workingDir: string
  /** File of the entry service, links followed. */
  readonly entry: string
}

/** How the last reload ended. */
export interface ReloadStatus {
  /** When, as an ISO date. */
  readonly at: string
  readonly result: 'done' | 'refused' | 'mixed'
  readonly reason: string | undefined
  readonly from: GenerationStatus
  /** undefined: there was no plan for it. */
  readonly to: GenerationStatus | undefined
}

/** A dependency that runs elsewhere. */
export interface RemoteStatus {
  /** The service that calls it. */
  readonly service: string
  /** Under which property. */
  readonly property: string
  /** Its name; null: not known here. */
  readonly target: string | null
  /** Without user and password. */
  readonly url: string
  readonly optional: boolean
  /**
   * What its `/readyz` said when it was asked last: `reachable` where that is no route, or not for everybody;
   * `unknown`: it was not asked yet.
   */
  readonly state: 'ready' | 'not-ready' | 'reachable' | 'unreachable' | 'unknown'
  /** When it was first found to be so, as an ISO date; null: it was not asked yet. */
  readonly since: string | null
  /** Why it is not ready. */
  readonly reason: string | null
}

export interface InstanceStatus {
  readonly instance: string
  readonly pid: number
  readonly url: string
  readonly state: SupervisorState
  /** null: there was none yet. */
  readonly lastReload: ReloadStatus | null
  readonly services: readonly ServiceStatus[]
  /** What runs elsewhere, as it was when somebody last asked: readiness does not depend on it. Missing: nothing does. */
  readonly remotes?: readonly RemoteStatus[]
}

/** One service's part of the status, at monotonic time `now`. */
export function serviceStatus(watcher: Watcher, now: number): ServiceStatus {
  return {
    name: watcher.service,
    state: stateOf(watcher),
    target: watcher.target,
    generation: watcher.generation,
    workers: watcher.slots.all.flatMap((slot) =>
      slot.incarnations.length === 0 && slot.wanted.length > 0
        ? [emptyStatus(slot, watcher.generation)]
        : slot.incarnations.map((incarnation) => workerStatus(slot, incarnation, now)),
    ),
  }
}

function stateOf({ isFlapping, ready, target }: Watcher): ServiceStatus['state'] {
  if (isFlapping) return 'flapping'
  if (ready.length === 0) return 'down'
  return ready.length < target ? 'degraded' : 'ready'
}

/** A slot between two workers: why the last one ended must not be hidden just then. */
function emptyStatus({ index, wanted, restarts, lastExit }: Slot, generation: number): WorkerStatus {
  return {
    slot: index,
    pid: undefined,
    state: 'waiting',
    generation: wanted[0] ?? generation,
    uptimeMs: 0,
    restarts,
    lastExit,
    rssBytes: undefined,
    inFlight: undefined,
    oldestCallMs: undefined,
    loopUtilization: undefined,
  }
}

function workerStatus(slot: Slot, incarnation: Incarnation, now: number): WorkerStatus {
  const { worker } = incarnation
  const { readyAt, vitals } = worker.record
  return {
    slot: slot.index,
    pid: worker.pid,
    ...(worker.threadId !== undefined && { threadId: worker.threadId }),
    state: worker.state === 'ready' && !isAvailable(incarnation) ? 'not-ready' : worker.state,
    generation: worker.identity.generation,
    uptimeMs: readyAt === undefined ? 0 : Math.round(now - readyAt),
    restarts: slot.restarts,
    lastExit: slot.lastExit,
    rssBytes: vitals?.rssBytes,
    inFlight: vitals?.inFlight,
    oldestCallMs: vitals?.oldestCallMs,
    loopUtilization: vitals?.loopUtilization,
  }
}
