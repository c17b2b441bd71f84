import type { DrainMessage } from '../../ipc/protocol.js'
import { monotonicMs } from '../../util/monotonic.js'

/** The supervisor counts from when it said so: of a word that is heard late only the rest of its time is left. */
export function heardLate(message: DrainMessage): DrainMessage {
  const { timeoutMs, until = Number.POSITIVE_INFINITY } = message
  return { ...message, timeoutMs: Math.max(0, Math.min(timeoutMs, until - monotonicMs())) }
}
