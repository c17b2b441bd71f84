import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import type { SendableHandle } from '../net/private-api.js'
import { passOnStderr } from '../observe/pass-on-stderr.js'
import { hearFirst } from '../util/hear-first.js'
import { killGroup } from '../util/kill-group.js'
import { OomKills } from './oom-kills.js'
import { OutputTail } from './output-tail.js'
import type { ProcessLedger, WorkerExit } from './worker-backend.js'

/** How much is kept of what a worker has written to stderr. */
export const OUTPUT_TAIL_BYTES = 16 * 1024
/** After its exit its stderr is read until it closes, but a grandchild that escaped may hold it open. */
const OUTPUT_CLOSE_MS = 500
/** What V8 writes before it aborts. */
const HEAP_EXHAUSTED = /heap out of memory|Reached heap limit/
/** As a shell tells of an abort. */
const ABORTED = 134

const oomKills = new OomKills()

/** One of ours that it gets, or a pipe to us. */
export type Descriptor = 'pipe' | number

export interface SessionProcessOptions {
  /** Of Node. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Where its stdout goes; a process whose answer is read from our own stdout must not write there. */
  readonly stdout: 'stdout' | 'stderr'
  /** By its number in the process, from 4 on. */
  readonly descriptors: ReadonlyMap<number, Descriptor>
  /** Whom it runs as; undefined: whoever the supervisor runs as. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  readonly ledger?: ProcessLedger | undefined
}

export interface SessionProcessEvents {
  /** It runs, and is written down: nothing was said to it before. */
  onEntered(): void
  onMessage(received: unknown): void
  /** Once, after the last of its stderr was read. */
  onExit(exit: WorkerExit): void
}

/** A process of ours in a session of its own: a terminal's Ctrl-C does not reach it, and all it started ends with it. */
export class SessionProcess {
  readonly #options: SessionProcessOptions
  readonly #output = new OutputTail(OUTPUT_TAIL_BYTES)
  #child: ChildProcess | undefined
  #killed = false

  constructor(options: SessionProcessOptions) {
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get lastOutput(): string {
    return this.#output.toString()
  }

  /** Our end of one of its descriptors. */
  stream(fd: number): unknown {
    const stdio: readonly unknown[] | undefined = this.#child?.stdio
    return stdio?.[fd] ?? undefined
  }

  start(events: SessionProcessEvents): void {
    const { args, env, cwd, stdout, descriptors, user } = this.#options
    const stdio: (Descriptor | 'ignore' | 'ipc')[] = ['ignore', stdout === 'stdout' ? 1 : 2, 'pipe', 'ipc']
    // Without a gap: what stands for none is open too.
    const last = Math.max(...descriptors.keys(), stdio.length - 1)
    for (let fd = stdio.length; fd <= last; fd++) stdio.push(descriptors.get(fd) ?? 'ignore')
    // libuv empties the list of supplementary groups before it sets these.
    const ids = user === undefined ? {} : { uid: user.uid, gid: user.gid }
    const child = spawnOrFail(args, { cwd, env: { ...env }, stdio, detached: true, ...ids })
    if (child instanceof Error) {
      // Not before whoever starts it has heard that it was.
      process.nextTick(() => events.onExit({ code: null, signal: null, error: child }))
      return
    }
    this.#child = child
    oomKills.look()
    child.once('spawn', () => void this.#enter(child.pid as number, events))
    child.on('message', (received) => events.onMessage(received))
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#output.push(chunk)
      passOnStderr(chunk)
    })
    this.#watchExit(child, events)
  }

  send(message: object, handle?: SendableHandle): void {
    // The channel may close at any moment (it is dying); its exit event then says so.
    if (this.#child?.connected) this.#child.send(message, handle, () => {})
  }

  /** Ends it and everything it started, with no grace. */
  kill(): void {
    const pid = this.#child?.pid
    this.#killed = true
    if (pid !== undefined) killGroup(pid)
  }

  /** It gets its first word, and runs no user code, before it is written down. */
  async #enter(pid: number, events: SessionProcessEvents): Promise<void> {
    await this.#options.ledger?.add(pid)
    events.onEntered()
  }

  #watchExit(child: ChildProcess, events: SessionProcessEvents): void {
    let exit: WorkerExit | undefined
    let released = false
    const release = (): void => {
      if (released) return
      released = true
      child.stderr?.destroy()
      events.onExit({ code: null, signal: null, ...exit, ...this.#shortage(exit) })
    }
    child.on('error', (error) => {
      // Emitted for a failed spawn (no exit follows), but also for a failed kill or send (one does).
      if (child.pid !== undefined) return
      exit = { code: null, signal: null, error }
      release()
    })
    child.once('exit', (code, signal) => {
      exit = { code, signal }
      // Its own children share its session and would outlive it.
      if (child.pid !== undefined) {
        killGroup(child.pid)
        this.#options.ledger?.remove(child.pid)
      }
      hearFirst(OUTPUT_CLOSE_MS, release, { keepsAlive: false })
    })
    child.once('close', release)
  }

  #shortage(exit: WorkerExit | undefined): Pick<WorkerExit, 'outOf'> {
    if (this.#killed || exit === undefined) return {}
    const aborted = exit.signal === 'SIGABRT' || exit.code === ABORTED
    if (aborted && HEAP_EXHAUSTED.test(this.lastOutput)) return { outOf: 'heap' }
    return exit.signal === 'SIGKILL' && oomKills.tookOne() ? { outOf: 'memory' } : {}
  }
}

/** For some reasons Node does not emit an error but throws it: no memory, an environment that is too large. */
function spawnOrFail(args: readonly string[], options: SpawnOptions): ChildProcess | Error {
  try {
    return spawn(process.execPath, args, options)
  } catch (error) {
    return error as Error
  }
}
