import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assertNoLeftovers, killMarked, MARK_VARIABLE } from './no-leftovers.js'

/** What Node warns of when a program is wrong, as opposed to when it uses something new. */
const FAULTS = /UnhandledPromiseRejection|PromiseRejectionHandledWarning|MaxListenersExceededWarning|DeprecationWarning/

export interface RunNodeOptions {
  /** What is run with the arguments. Default: the Node that runs the tests. */
  readonly program?: string
  readonly cwd?: string
  /** Over the test's own environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Written to its standard input, which is empty without. */
  readonly input?: string
  /** The EKIBEN_RUNTIME_DIR of another run, which looks after it. Default: one of its own. */
  readonly runtimeDir?: string
  /** What runs Node, with its arguments, as `unshare --mount`. Default: nothing does. */
  readonly under?: readonly string[]
}

export interface NodeExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface NodeRun extends AsyncDisposable {
  readonly pid: number
  /** Its EKIBEN_RUNTIME_DIR: must be empty when it has ended by itself. */
  readonly runtimeDir: string
  /** The value of EKIBEN_TEST_MARK in it and in all it starts: see no-leftovers.ts. */
  readonly mark: string
  /** What it has written so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  readonly exited: Promise<NodeExit>
  readonly kill: (signal: NodeJS.Signals) => void
}

/**
 * Starts `node ...args` in a process group of its own. Give it to `await using`: at the end of the test, what still
 * runs of it is killed; and when it had ended by itself, nothing of it may be left: no process, no file in its
 * runtime folder, no unhandled rejection on stderr.
 */
export async function runNode(args: readonly string[], options: RunNodeOptions = {}): Promise<NodeRun> {
  // Short: a Unix socket's path may be 107 bytes long.
  const runtimeDir = options.runtimeDir ?? (await mkdtemp(join(tmpdir(), 'ekb-')))
  const mark = randomUUID()
  const { program = process.execPath } = options
  const [command, ...rest] = [...(options.under ?? []), program, ...args] as [string, ...string[]]
  const child = spawn(command, rest, {
    cwd: options.cwd,
    env: environment({ ...options.env, EKIBEN_RUNTIME_DIR: runtimeDir, [MARK_VARIABLE]: mark }),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const exited = new Promise<NodeExit>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  exited.catch(() => {})
  const dispose = async () => {
    const ended = child.exitCode !== null
    try {
      if (!ended) return
      await assertNoLeftovers({ mark, folders: options.runtimeDir === undefined ? [runtimeDir] : [] })
      const fault = stderr.split('\n').find((line) => FAULTS.test(line))
      if (fault !== undefined) throw new Error(`${program} ${args.join(' ')} ended with a warning: ${fault}`)
    } finally {
      await killMarked(mark)
      if (options.runtimeDir === undefined) await rm(runtimeDir, { recursive: true, force: true })
    }
  }
  return {
    pid: child.pid ?? 0,
    runtimeDir,
    mark,
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
    kill: (signal) => {
      child.kill(signal)
    },
    [Symbol.asyncDispose]: dispose,
  }
}

/** Runs `node ...args` to its end, with the same care. */
export async function runNodeToEnd(args: readonly string[], options: RunNodeOptions = {}): Promise<NodeExit> {
  await using run = await runNode(args, options)
  return await run.exited
}

function environment(own: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const merged: NodeJS.ProcessEnv = { ...process.env, ...own }
  // Would make a test runner inside believe that it is one of ours.
  delete merged.NODE_TEST_CONTEXT
  for (const [name, value] of Object.entries(own)) if (value === undefined) delete merged[name]
  return merged
}
