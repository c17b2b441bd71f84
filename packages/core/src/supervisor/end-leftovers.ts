import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { ORPHAN_LIMIT_MS } from '../ipc/protocol.js'
import { killGroup } from '../util/kill-group.js'
import { monotonicMs } from '../util/monotonic.js'
import { groupMembers, isAlive, type ProcessIdentity } from '../util/process-identity.js'

/** So long a worker that lost its supervisor may take to answer what is in flight. */
const LEAVE_BY_ITSELF_MS = ORPHAN_LIMIT_MS + 500
/** A killed process that has not ended after so long is stuck in the kernel. */
const REAP_TIMEOUT_MS = 5_000
const LOOK_AGAIN_MS = 20

/** In the environment of every worker, and of what it starts. */
const MARK = 'EKIBEN_INSTANCE='

/**
 * Resolves when none of the workers of a dead supervisor runs any more: they leave by themselves, and those that
 * cannot are killed. Two generations must not serve at once. `onWait` is told the pids that are waited for.
 */
export async function endLeftovers(
  workers: readonly ProcessIdentity[],
  onWait: (pids: readonly number[]) => void = () => {},
): Promise<void> {
  const running = await stillRunning(workers)
  if (running.length > 0) onWait(running.map(({ pid }) => pid))
  const stuck = await whileRunning(running, LEAVE_BY_ITSELF_MS)
  for (const { pid } of stuck) killGroup(pid)
  await whileRunning(stuck, REAP_TIMEOUT_MS)
  await Promise.all(workers.map(({ pid }) => endChildren(pid)))
}

/** Waits until none of them runs; those that still do when the time is over. */
async function whileRunning(workers: readonly ProcessIdentity[], timeoutMs: number): Promise<ProcessIdentity[]> {
  const giveUpAt = monotonicMs() + timeoutMs
  let left = await stillRunning(workers)
  while (left.length > 0 && monotonicMs() < giveUpAt) {
    await delay(LOOK_AGAIN_MS)
    left = await stillRunning(left)
  }
  return left
}

async function stillRunning(workers: readonly ProcessIdentity[]): Promise<ProcessIdentity[]> {
  const alive = await Promise.all(workers.map(isAlive))
  return workers.filter((_worker, index) => alive[index])
}

/** What a worker had started that was killed when nobody was left to clear up after it. */
async function endChildren(group: number): Promise<void> {
  if (!groupExists(group)) return
  const members = await groupMembers(group)
  // The number may be another group's by now: its leader would live, or none of it would carry our mark.
  if (members.includes(group)) return
  const marks = await Promise.all(members.map(isMarked))
  if (marks.includes(true)) killGroup(group)
}

function groupExists(group: number): boolean {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

async function isMarked(pid: number): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
  return environment.split('\0').some((variable) => variable.startsWith(MARK))
}
