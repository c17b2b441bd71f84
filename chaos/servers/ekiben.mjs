import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ManagedProcess } from './managed-process.mjs'

const run = promisify(execFile)
const BIN = fileURLToPath(new URL('../../packages/core/bin/ekiben.js', import.meta.url))
const INSTANCE = 'chaos'
const RELOAD_TIMEOUT_MS = 120_000
const STOP_TIMEOUT_MS = 40_000

/** `ekiben serve` on the project's service, once it is ready. */
export async function startEkiben({ node, project, port = 0, flags = [], nodeArgs = [], env = {} }) {
  const where = ['--port', String(port), '--host', '127.0.0.1', '--instance', INSTANCE]
  const logs = ['--log-format', 'json', '--log-level', 'debug', '--no-access-log']
  const options = { cwd: project.path, env: { ...process.env, EKIBEN_RUNTIME_DIR: `${project.path}/run`, ...env } }
  const args = [...nodeArgs, BIN, 'serve', 'service.mjs:Front', ...where, ...logs, ...flags]
  const supervisor = new ManagedProcess(node, args, options)
  const ready = await supervisor.until((line) => line.msg === 'ready', { what: 'ekiben to be ready' })
  const command = (...words) => run(node, [BIN, ...words, '--instance', INSTANCE], options)
  return new Ekiben({ supervisor, command, port: Number(new URL(ready.url).port) })
}

class Ekiben {
  name = process.env.EKIBEN_THREADED ? 'ekiben, threads' : 'ekiben'
  #supervisor
  #command

  constructor({ supervisor, command, port }) {
    this.#supervisor = supervisor
    this.#command = command
    this.port = port
  }

  get pid() {
    return this.#supervisor.pid
  }

  get exited() {
    return this.#supervisor.exited
  }

  get mark() {
    return this.#supervisor.mark
  }

  until(matches, options) {
    return this.#supervisor.until(matches, options)
  }

  signal(name) {
    this.#supervisor.kill(name)
  }

  /** By SIGHUP, or by `ekiben reload`. Resolves when it is over; with why, if it was refused. */
  async reload(by = 'signal') {
    if (by === 'command') {
      return this.#command('reload').then(
        () => undefined,
        (error) => String(error.stderr || error.message).trim(),
      )
    }
    const { mark } = this
    this.signal('SIGHUP')
    const isOutcome = ({ msg, code }) => msg === 'reloaded' || code?.startsWith('EKB_ERR_RELOAD')
    const { code, msg } = await this.until(isOutcome, { mark, timeoutMs: RELOAD_TIMEOUT_MS, what: 'the reload' })
    return code === undefined ? undefined : msg
  }

  /** Resolves when every worker there is is ready: none boots, none drains. */
  async atRest() {
    while (this.#leaving() > 0) await sleep(50)
  }

  #leaving() {
    const states = new Map()
    for (const line of this.#supervisor.lines) if (line.msg === 'worker state') states.set(workerOf(line), line.to)
    return [...states.values()].filter((state) => state !== 'ready' && state !== 'exited').length
  }

  /** Ready workers of a service, or of all: `{ pid, thread, slot }`, by the supervisor's log. */
  workers(service) {
    const ready = new Map()
    for (const line of this.#supervisor.lines) {
      if (line.msg !== 'worker state' || (service !== undefined && line.service !== service)) continue
      if (line.to === 'ready')
        ready.set(workerOf(line), { pid: line.workerPid, thread: line.workerThread, slot: line.slot })
      else ready.delete(workerOf(line))
    }
    return [...ready.values()]
  }

  /** The next worker in that slot, from `mark` on: when it was ready, and how long its boot took. */
  async replaced({ service, slot, mark }) {
    const isOf = (line) => line.msg === 'worker state' && line.service === service && line.slot === slot
    const isSpawned = (line) => isOf(line) && line.from === 'spawning' && line.to === 'booting'
    const spawned = await this.until(isSpawned, { mark, what: `a worker in ${service}/${slot}` })
    const { workerPid: pid } = spawned
    const isReady = (line) => isOf(line) && line.to === 'ready' && line.workerPid === pid
    const ready = await this.until(isReady, { mark, what: `worker ${pid} to be ready` })
    return { pid, readyAt: ready.time, bootMs: ready.time - spawned.time }
  }

  /** The exit code. */
  async stop() {
    this.signal('SIGTERM')
    const timer = setTimeout(() => this.signal('SIGKILL'), STOP_TIMEOUT_MS)
    const code = await this.exited
    clearTimeout(timer)
    return code
  }
}

/** Threads share the pid of their process. */
function workerOf({ workerPid, workerThread = 0 }) {
  return `${workerPid}/${workerThread}`
}
