import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { parseProcStat } from './parse-proc-stat.js'

/** A process, and not another one that got its number later. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started: one word without blanks, comparable on one machine only. */
  readonly startTime: string
}

/** Who has this number now? undefined: no living process. */
export async function processIdentity(pid: number): Promise<ProcessIdentity | undefined> {
  const startTime = process.platform === 'linux' ? await startTimeFromProc(pid) : await startTimeFromPs(pid)
  return startTime === undefined ? undefined : { pid, startTime }
}

/** Does that very process still run? */
export async function isAlive({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  return (await processIdentity(pid))?.startTime === startTime
}

/** The living processes of a group; empty where the system does not tell. */
export async function groupMembers(group: number): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).map(Number).filter(Number.isInteger)
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))
  return pids.filter((_pid, index) => {
    const stat = parseProcStat(stats[index] as string)
    return stat?.group === group && !stat.hasEnded
  })
}

async function startTimeFromProc(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const stat = parseProcStat(text)
  // A zombie keeps its number until its parent looks, and may do so for ever in a container without an init.
  return stat === undefined || stat.hasEnded ? undefined : stat.startTime
}

async function startTimeFromPs(pid: number): Promise<string | undefined> {
  // The date is printed in the caller's language and time zone unless both are fixed.
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  const printed = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env }).catch(() => undefined)
  return printed?.stdout.trim().replace(/\W+/g, '_') || undefined
}
