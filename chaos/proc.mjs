import { readdir, readFile } from 'node:fs/promises'

/** USER_HZ: what /proc counts processor time in, on every Linux that there is. */
const TICKS_PER_SECOND = 100

export const hasProc = process.platform === 'linux'

/** Open descriptors of a process. */
export async function descriptorsOf(pid) {
  return (await readdir(`/proc/${pid}/fd`)).length
}

/** Processor time that a process has had, in milliseconds. */
export async function processorMsOf(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name of the command, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
}
