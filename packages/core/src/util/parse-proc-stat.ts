/** A process in the text of Linux's `/proc/PID/stat`. */
export interface ProcStat {
  /** One letter: `T` is one that is stopped, `Z` one whose first thread has ended. */
  readonly state: string
  /**
   * It has ended, and was perhaps not collected yet. While the first thread alone has ended, others still hold what is
   * open: sockets too.
   */
  readonly hasEnded: boolean
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
  const [state, group, threads, startTime] = [fields[0], Number(fields[2]), Number(fields[17]), fields[19]]
  if (!state || !Number.isInteger(group) || startTime === undefined || !/^\d+$/.test(startTime)) return undefined
  return { state, hasEnded: (state === 'Z' || state === 'X') && threads <= 1, group, startTime }
}
