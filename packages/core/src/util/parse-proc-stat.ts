/** A process in the text of Linux's `/proc/PID/stat`. */
export interface ProcStat {
  /** One letter: `Z` is a process that has ended and was not collected yet. */
  readonly state: string
  /** Its process group. */
  readonly group: number
  /** Clock ticks from the machine's start to the process's. */
  readonly startTime: string
}

/** Reads `/proc/PID/stat`; undefined where it has another shape. */
export function parseProcStat(text: string): ProcStat | undefined {
  // The second field is the command in brackets, and may itself hold blanks and brackets: count from the last one.
  const fields = text
    .slice(text.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/)
  const [state, group, startTime] = [fields[0], Number(fields[2]), fields[19]]
  if (!state || !Number.isInteger(group) || startTime === undefined || !/^\d+$/.test(startTime)) return undefined
  return { state, group, startTime }
}
