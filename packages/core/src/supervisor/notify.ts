import { type ChildProcess, spawn } from 'node:child_process'
import type { ServiceManager } from '../config/service-manager.js'
import type { Logger } from '../observe/logger.js'
import { enqueue, type Notice, noticeLines } from './notify-message.js'

/** Tells whoever started this process how it is. Nothing waits for it, and no failure of it reaches anybody. */
export interface Notifier {
  /** The whole graph is ready; also at the end of a reload, however it went. */
  ready(): void
  reloading(): void
  /** It may take so long. */
  stopping(withinMs: number): void
  /** One line for `systemctl status`. */
  status(text: string): void
  /** Says that we are alive as often as the manager wants to hear it, whenever `isHealthy` says yes. */
  watch(isHealthy: () => boolean): void
  /** Sends what is not sent yet, for a short time; then nothing of it is left. */
  close(): Promise<void>
}

/** Node has no datagram sockets of the Unix kind: systemd's own command sends the message (docs/decisions/0005). */
const COMMAND = 'systemd-notify'
/** It waits until the manager has read the message, at most 5 s; one that hangs is killed. */
const SEND_TIMEOUT_MS = 6_000
/** What the last messages may add to our end. */
const CLOSE_TIMEOUT_MS = 500

const NOBODY: Notifier = {
  ready: () => {},
  reloading: () => {},
  stopping: () => {},
  status: () => {},
  watch: () => {},
  close: async () => {},
}

/** A notifier for whoever started us; one that does nothing where nobody wants to know. */
export function createNotifier(manager: ServiceManager, log: Logger): Notifier {
  return manager.notifySocket === undefined ? NOBODY : new SystemdNotifier(manager, log)
}

class SystemdNotifier implements Notifier {
  readonly #manager: ServiceManager
  readonly #log: Logger
  #queue: readonly Notice[] = []
  #sending: ChildProcess | undefined
  #watchdog: NodeJS.Timeout | undefined
  /** There is no command to send with, or we are at the end. */
  #isOver = false
  #hasWarned = false
  #onIdle: (() => void) | undefined
  #status = ''

  constructor(manager: ServiceManager, log: Logger) {
    this.#manager = manager
    this.#log = log
  }

  ready(): void {
    // Started by npm or a shell, the manager would wait for that process instead of this one.
    this.#send({ type: 'ready', mainPid: this.#manager.startedAnother ? process.pid : undefined })
  }

  reloading(): void {
    this.#send({ type: 'reloading', monotonicUsec: process.hrtime.bigint() / 1000n })
  }

  stopping(withinMs: number): void {
    clearInterval(this.#watchdog)
    this.#send({ type: 'stopping', withinMs })
  }

  status(text: string): void {
    if (text === this.#status) return
    this.#status = text
    this.#send({ type: 'status', text })
  }

  watch(isHealthy: () => boolean): void {
    const { watchdogMs } = this.#manager
    if (watchdogMs === undefined) return
    clearInterval(this.#watchdog)
    const look = (): void => {
      if (isHealthy()) this.#send({ type: 'alive' })
    }
    look()
    this.#watchdog = setInterval(look, Math.max(1, watchdogMs / 2))
    this.#watchdog.unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#watchdog)
    await this.#whenIdle()
    this.#isOver = true
    this.#queue = []
    this.#sending?.kill('SIGKILL')
    await this.#whenIdle()
  }

  #whenIdle(): Promise<void> {
    if (this.#sending === undefined) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #send(notice: Notice): void {
    if (this.#isOver) return
    this.#queue = enqueue(this.#queue, notice)
    if (this.#sending === undefined) this.#sendNext()
  }

  /** One after another: their order is what the manager acts on. */
  #sendNext(): void {
    const [next, ...rest] = this.#queue
    this.#sending = undefined
    if (next === undefined) return this.#onIdle?.()
    this.#queue = rest
    const child = this.#spawn(noticeLines(next))
    if (child === undefined) return this.#onIdle?.()
    this.#sending = child
    const timer = setTimeout(() => child.kill('SIGKILL'), SEND_TIMEOUT_MS).unref()
    let isDone = false
    const done = (problem: object | undefined): void => {
      if (isDone) return
      isDone = true
      clearTimeout(timer)
      if (problem !== undefined) this.#warn({ notice: next.type, ...problem })
      this.#sendNext()
    }
    child.unref()
    child.once('error', ({ code }: NodeJS.ErrnoException) => {
      // The unit says that we report: without the command nobody ever hears that we are ready.
      if (code === 'ENOENT') this.#isOver = true
      if (this.#isOver) this.#queue = []
      done({ code })
    })
    child.once('exit', (code, signal) => done(code === 0 ? undefined : { code, signal }))
  }

  #spawn(args: string[]): ChildProcess | undefined {
    try {
      // The folder we run in may be gone after a release, and a spawn there would fail as if the command were.
      return spawn(COMMAND, args, { stdio: 'ignore', cwd: '/' })
    } catch (error) {
      this.#warn({ reason: String(error) })
      return undefined
    }
  }

  #warn(problem: object): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const fields = { ...problem, socket: this.#manager.notifySocket }
    this.#log.warn(fields, `${COMMAND} failed: the service manager is not told how we are (NOTIFY_SOCKET)`)
  }
}
