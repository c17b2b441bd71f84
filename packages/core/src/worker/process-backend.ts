import { type ChildProcess, type SpawnOptions, type StdioOptions, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { entryFile } from '../entry-file.js'
import {
  PUBLIC_SOCKET_FD,
  SLOT_SOCKET_FD,
  type SupervisorMessage,
  type WorkerRole,
  wrapMessage,
} from '../ipc/protocol.js'
import { WATCH_LINE_FD } from '../ipc/watch-line.js'
import type { SendableHandle } from '../net/private-api.js'
import { passOnStderr } from '../observe/pass-on-stderr.js'
import { killGroup } from '../util/kill-group.js'
import { OomKills } from './oom-kills.js'
import { OutputTail } from './output-tail.js'
import type { ProcessLedger, WorkerBackend, WorkerBackendEvents, WorkerExit } from './worker-backend.js'

const ENTRY = entryFile('worker/entry/process-entry')
const APP_PRELOAD = entryFile('worker/entry/app/app-preload')
const OUTPUT_TAIL_BYTES = 16 * 1024
/** After its exit a worker's stderr is read until it closes, but a grandchild that escaped may hold it open. */
const OUTPUT_CLOSE_MS = 500
/** What V8 writes before it aborts. */
const HEAP_EXHAUSTED = /heap out of memory|Reached heap limit/
/** As a shell tells of an abort. */
const ABORTED = 134

const oomKills = new OomKills()

export interface ProcessBackendOptions {
  readonly env: Readonly<Record<string, string>>
  readonly nodeArgs: readonly string[]
  readonly cwd: string
  /** What it will serve: it loads the code for that while it waits for its first word. */
  readonly role: WorkerRole
  /** The main file of a host app, with its arguments; undefined: it runs a service. */
  readonly main?: readonly string[] | undefined
  /** Where its stdout goes; a process whose answer is read from our own stdout must not write there. */
  readonly stdout: 'stdout' | 'stderr'
  /** The bound public socket, for entry workers. */
  readonly socketFd: number | undefined
  /** That of its own slot, for those that have one. */
  readonly slotSocketFd?: number | undefined
  /** Whom it runs as; undefined: whoever the supervisor runs as. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  readonly ledger?: ProcessLedger | undefined
}

/** A worker in a process of its own, in a session of its own: a terminal's Ctrl-C does not reach it. */
export class ProcessBackend implements WorkerBackend {
  readonly #options: ProcessBackendOptions
  readonly #output = new OutputTail(OUTPUT_TAIL_BYTES)
  #child: ChildProcess | undefined
  #killed = false

  constructor(options: ProcessBackendOptions) {
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get lastOutput(): string {
    return this.#output.toString()
  }

  get watchLine(): Socket | undefined {
    const stdio: readonly unknown[] | undefined = this.#child?.stdio
    return (stdio?.[WATCH_LINE_FD] as Socket | null | undefined) ?? undefined
  }

  start(events: WorkerBackendEvents): void {
    const { env, nodeArgs, cwd, role, main, stdout, socketFd, slotSocketFd, user } = this.#options
    const stdio: StdioOptions = ['ignore', stdout === 'stdout' ? 1 : 2, 'pipe', 'ipc', 'ignore', 'pipe']
    if (socketFd !== undefined) stdio[PUBLIC_SOCKET_FD] = socketFd
    if (slotSocketFd !== undefined) stdio[SLOT_SOCKET_FD] = slotSocketFd
    // libuv empties the list of supplementary groups before it sets these.
    const ids = user === undefined ? {} : { uid: user.uid, gid: user.gid }
    const options = { cwd, env: { ...env }, stdio, detached: true, ...ids }
    // Before what the user has Node load beforehand, which is to see nothing of ours either.
    const args = main === undefined ? [...nodeArgs, ENTRY, role] : ['--require', APP_PRELOAD, ...nodeArgs, ...main]
    const child = spawnOrFail(args, options)
    if (child instanceof Error) {
      // Not before whoever starts it has heard that it was.
      process.nextTick(() => events.onExit({ code: null, signal: null, error: child }))
      return
    }
    this.#child = child
    oomKills.look()
    child.once('spawn', () => void this.#enter(child.pid as number, events))
    child.on('message', (received) => events.onMessage(received))
    // Broken when the worker ends, which its exit event says.
    this.watchLine?.setEncoding('utf8').on('error', () => {})
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#output.push(chunk)
      passOnStderr(chunk)
    })
    this.#watchExit(child, events)
  }

  send(message: SupervisorMessage, handle?: SendableHandle): void {
    // The channel may close at any moment (the worker is dying); its exit event then says so.
    if (this.#child?.connected) this.#child.send(wrapMessage(message), handle, () => {})
  }

  kill(): void {
    const pid = this.#child?.pid
    this.#killed = true
    if (pid !== undefined) killGroup(pid)
  }

  /** It gets its first word, and runs no user code, before it is written down. */
  async #enter(pid: number, events: WorkerBackendEvents): Promise<void> {
    await this.#options.ledger?.add(pid)
    events.onSpawned()
  }

  #watchExit(child: ChildProcess, events: WorkerBackendEvents): void {
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
      setTimeout(release, OUTPUT_CLOSE_MS).unref()
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
