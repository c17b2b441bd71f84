/** Of the whole stop, so much is kept for each level below the one that drains now. */
const GUARANTEED_SHARE = 0.2

/**
 * How long the services of one level may drain, when `remainingMs` of the stop are left and `levelsBelow` levels
 * still have to follow. Without a share kept for them the last levels would always be killed; what a level does
 * not use goes to the next.
 */
export function drainBudgetMs(remainingMs: number, levelsBelow: number): number {
  const share = Math.min(GUARANTEED_SHARE, 1 / (levelsBelow + 1))
  return Math.max(0, Math.floor(remainingMs - levelsBelow * share * remainingMs))
}
