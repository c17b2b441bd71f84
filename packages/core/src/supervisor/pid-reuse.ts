import { readFile } from 'node:fs/promises'
import { processIdentity } from '../util/process-identity.js'

/** Start times in /proc count in hundredths of a second, whatever the kernel's own clock does. */
const TICK_MS = 10
/** The machine's start is told in whole seconds. */
const SLACK_MS = 2_000

/**
 * Did that process start after the moment (milliseconds since the epoch), so that its number was another's then? False
 * where the system does not tell, and for what calls itself ekiben: the clock may have been set meanwhile.
 */
export async function startedAfter(pid: number, momentMs: number): Promise<boolean> {
  if (process.platform !== 'linux') return false
  const [identity, machine, commandLine] = await Promise.all([
    processIdentity(pid),
    readFile('/proc/stat', 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
  ])
  const bootSeconds = /^btime (\d+)$/m.exec(machine)?.[1]
  if (identity === undefined || bootSeconds === undefined || /ekiben/i.test(commandLine)) return false
  return Number(bootSeconds) * 1000 + Number(identity.startTime) * TICK_MS > momentMs + SLACK_MS
}
