import { setTimeout as sleep } from 'node:timers/promises'
import { ORPHAN_LIMIT_MS } from '../../ipc/protocol.js'
import { killGroup } from '../../util/kill-group.js'
import { monotonicMs } from '../../util/monotonic.js'
import type { Worker } from './worker.js'

/** Without a supervisor nobody waits for an answer for long. */
const ORPHAN_GRACE_MS = 5_000
/** The next start waits for our end: clients that are idle get less time than at a stop. */
const KEEP_ALIVE_DRAIN_MS = 500
/** A caller that has not called yet has no connection either; so long one with work in flight may come. */
const CALLERS_GONE_MS = 200
const LOOK_AGAIN_MS = 50

/** As much of a worker as its end needs. */
type LeavingWorker = Pick<Worker, 'callers' | 'leave'>

/** The end of a worker's process whose supervisor is gone: nobody outlives the limit, whatever its service does. */
export function leaveOrphaned(worker: LeavingWorker | undefined): Promise<void> {
  endGroupInTime()
  return finishOrphaned(worker)
}

/** What this process has started ends with it, and it ends within the limit. */
export function endGroupInTime(): void {
  const endGroup = (): void => killGroup(process.pid)
  process.on('exit', endGroup)
  setTimeout(endGroup, ORPHAN_LIMIT_MS)
}

/** Entry workers answer what is in flight, those they call serve them until they have left. */
export async function finishOrphaned(worker: LeavingWorker | undefined): Promise<void> {
  if (worker === undefined) process.exit(0)
  const until = monotonicMs() + ORPHAN_GRACE_MS
  if (worker.callers !== undefined) await callersGone(worker, until)
  await worker.leave({ timeoutMs: Math.max(0, until - monotonicMs()), keepAliveDrainMs: KEEP_ALIVE_DRAIN_MS })
}

/** Resolves when no other worker is connected, and none has been for a while. */
async function callersGone(worker: LeavingWorker, until: number): Promise<void> {
  let seenAt = monotonicMs()
  while (monotonicMs() < until && monotonicMs() - seenAt < CALLERS_GONE_MS) {
    await sleep(LOOK_AGAIN_MS)
    if (worker.callers !== 0) seenAt = monotonicMs()
  }
}
