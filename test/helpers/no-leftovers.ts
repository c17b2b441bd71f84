import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { waitUntil } from './wait-until.js'

/** Every process that a test starts carries this variable, and so does whatever that one starts. */
export const MARK_VARIABLE = 'EKIBEN_TEST_MARK'

/**
 * The processes that carry a mark in their environment: children, and grandchildren in a session of their own that
 * were handed to init, which no process group reaches.
 */
export async function markedProcesses(mark: string): Promise<{ pid: number; command: string }[]> {
  const wanted = `${MARK_VARIABLE}=${mark}`
  return process.platform === 'linux' ? markedByProc(wanted) : markedByPs(wanted)
}

/** At once: it is done after every run, and a promise for each of all the processes there are takes several times as long. */
function markedByProc(wanted: string): { pid: number; command: string }[] {
  const found: { pid: number; command: string }[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    if (!read(`/proc/${name}/environ`).split('\0').includes(wanted)) continue
    found.push({ pid: Number(name), command: read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim() })
  }
  return found
}

/** Empty where the process is gone meanwhile, or somebody else's. A zombie's is. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

async function markedByPs(wanted: string): Promise<{ pid: number; command: string }[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-E', '-ww', '-o', 'pid=,command='])
  return stdout
    .split('\n')
    .filter((line) => line.split(' ').includes(wanted))
    .map((line) => ({ pid: Number.parseInt(line, 10), command: line.trim() }))
}

/** Kills all that carries the mark, and waits until it is gone. */
export async function killMarked(mark: string): Promise<void> {
  await waitUntil(
    async () => {
      const left = await markedProcesses(mark)
      for (const { pid } of left) kill(pid)
      return left.length === 0 || Promise.reject(new Error(listOf(left)))
    },
    { describe: 'killed processes to be gone' },
  )
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}

export interface LeftoverOptions {
  readonly mark: string
  /** Must hold nothing: no socket, no state file. One that does not exist is fine. */
  readonly folders?: readonly string[]
}

/** Fails when a process that carries the mark still runs, or a file still lies in one of the folders. */
export async function assertNoLeftovers({ mark, folders = [] }: LeftoverOptions): Promise<void> {
  await waitUntil(
    async () => {
      const left = await markedProcesses(mark)
      return left.length === 0 || Promise.reject(new Error(`still running:\n${listOf(left)}`))
    },
    { timeoutMs: 15_000, describe: 'no process to be left' },
  )
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
    const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => `${entry.parentPath}/${entry.name}`)
    if (files.length > 0) throw new Error(`Files were left behind:\n${files.join('\n')}`)
  }
}

function listOf(processes: { pid: number; command: string }[]): string {
  return processes.map(({ pid, command }) => `${pid} ${command}`).join('\n')
}
