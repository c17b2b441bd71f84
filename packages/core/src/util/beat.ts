/**
 * How long from `now` until the next moment of a rhythm that the whole machine shares: the multiples of `intervalMs`,
 * and `offsetMs` more. A timer may fire some milliseconds early, which then was the moment: it is not given twice.
 */
export function untilNextBeat(now: number, intervalMs: number, offsetMs = 0): number {
  const beat = Math.round((now - offsetMs) / intervalMs)
  return (beat + 1) * intervalMs + offsetMs - now
}
