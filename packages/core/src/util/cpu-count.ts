/**
 * How many workers can run at once: the cores this process may use, within the quotas of its control groups.
 * A part of a core counts as one; there is always one.
 */
export function cpuCount(usableCores: number, quotas: readonly number[]): number {
  return Math.max(1, Math.min(usableCores, ...quotas.map(Math.ceil)))
}
