import { MAX_TIMER_MS } from './max-timer.js'

/** The end of a process is heard in several turns: its last output, its exit, and then that each pipe is closed. */
const TURNS = 5

/**
 * Calls back after so long, when what has come by then was read: a process that was held up runs its timers first, and
 * would take for missing what has lain there in time. Returns what calls it off.
 */
export function hearFirst(timeoutMs: number, onOver: () => void, { keepsAlive = true } = {}): () => void {
  let next: NodeJS.Immediate | undefined
  const hear = (turns: number): void => {
    next = setImmediate(() => (turns === 1 ? onOver() : hear(turns - 1)))
  }
  const timer = setTimeout(hear, Math.min(timeoutMs, MAX_TIMER_MS), TURNS)
  if (!keepsAlive) timer.unref()
  return () => {
    clearTimeout(timer)
    clearImmediate(next)
  }
}
