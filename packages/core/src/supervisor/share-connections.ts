/** How one of the workers that share a socket fares. */
export interface ConnectionLoad {
  /** Its open connections. */
  readonly connections: number
  /** Share of the last moments in which its event loop was busy, 0 to 1. */
  readonly loopUtilization: number
}

/** Below this its clients would be served no sooner elsewhere. */
const BUSY = 0.3
/** What is above an equal share by less than this much of it, or by fewer connections, is left alone. */
const TOLERANCE = 0.1
const LEAST = 2

/**
 * How many connections each worker should let go, in order. Whoever is awake takes a new connection, so of many that
 * come at once one worker may get nearly all, and those that last stay with it: also when others have room, as one
 * that has just been started.
 */
export function excessConnections(loads: readonly ConnectionLoad[]): readonly number[] {
  const share = loads.reduce((sum, { connections }) => sum + connections, 0) / loads.length
  return loads.map(({ connections, loopUtilization }) => {
    const excess = Math.floor(connections - share)
    return loopUtilization >= BUSY && excess >= Math.max(LEAST, share * TOLERANCE) ? excess : 0
  })
}
