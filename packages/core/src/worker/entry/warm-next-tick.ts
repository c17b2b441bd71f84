/** Enough for V8 to compile it for good; a few milliseconds. */
const TICKS = 20_000

/**
 * Runs `process.nextTick` hot, as the first thing in a worker. Called a dozen times only before an app is loaded, as our channel
 * does, it stays several times as slow for the life of the process: a Nest app then loses a sixth of its requests/s on
 * Node 24 (docs/decisions/0015).
 */
export function warmNextTick(): void {
  let left = TICKS
  const tick = (): void => {
    left--
    if (left > 0) process.nextTick(tick)
  }
  tick()
}
