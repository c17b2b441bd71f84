/** How many dumps an instance keeps. */
const KEPT = 20

/** Which of the dumps go; their names begin with the time they were written at. */
export function selectOldDumps(names: readonly string[]): readonly string[] {
  return [...names].sort().slice(0, Math.max(0, names.length - KEPT))
}
