import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * Is npm our own parent, as in `npm start`? It hands on each signal it gets, so that a terminal's Ctrl-C, which
 * reaches its whole process group, arrives here twice. The variables of npm alone do not tell: everything below an
 * `npm test` has them.
 */
export function isUnderNpm(): boolean {
  if (process.env.npm_lifecycle_event === undefined) return false
  return /^npm /.test(commandOf(process.ppid))
}

/** npm calls itself `npm start`. */
function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout
  } catch {
    return ''
  }
}
