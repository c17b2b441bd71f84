/** Enough for V8 to compile it for good; a few milliseconds. */
const TICKS = 20_000

/**
 * Runs `process.nextTick` hot, as the first thing in a worker. V8 notes of which shape the objects are that it makes; where it
 * was called a dozen times only, and then not for a while, as while an app is loaded, the notes come to nothing, and it stays
 * half as fast for the life of the process: a Nest app then loses a fifth of its requests/s on Node 24
 * (docs/decisions/0015).
 */
export function warmNextTick(): void {
  let left = TICKS
  const tick = (): void => {
    left--
    if (left > 0) process.nextTick(tick)
  }
  tick()
}
