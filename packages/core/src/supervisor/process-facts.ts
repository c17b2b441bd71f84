import { readdir, readFile } from 'node:fs/promises'
import { parseProcStat } from '../util/parse-proc-stat.js'

/** What can be seen of a process from outside, whatever it does. */
export interface ProcessFacts {
  readonly state: string
  /** None of its threads runs until it is continued. */
  readonly isStopped: boolean
  /** Open descriptors; undefined: not to be seen. */
  readonly descriptors: number | undefined
}

const STATES: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'waiting for a disk, and not to be interrupted',
  T: 'stopped by a signal',
  t: 'stopped by a debugger',
  Z: 'ended',
}

/** undefined: there is no such process, or no /proc to look at. */
export async function processFacts(pid: number): Promise<ProcessFacts | undefined> {
  const stat = parseProcStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))
  if (stat === undefined) return undefined
  const open = await readdir(`/proc/${pid}/fd`).catch(() => undefined)
  const isStopped = stat.state === 'T' || stat.state === 't'
  return { state: STATES[stat.state] ?? stat.state, isStopped, descriptors: open?.length }
}
