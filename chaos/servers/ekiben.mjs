import { fileURLToPath } from 'node:url'
import { ManagedProcess } from './managed-process.mjs'

const BIN = fileURLToPath(new URL('../../packages/core/bin/ekiben.js', import.meta.url))
const STOP_TIMEOUT_MS = 40_000

/** `ekiben serve` on the project's service, once it is ready. */
export async function startEkiben({ node, project, port = 0, flags = [], nodeArgs = [], env = {} }) {
  const where = ['--port', String(port), '--host', '127.0.0.1', '--log-format', 'json', '--log-level', 'debug']
  const args = [...nodeArgs, BIN, 'serve', 'service.mjs:Front', ...where, '--no-access-log', ...flags]
  const run = new ManagedProcess(node, args, {
    cwd: project.path,
    env: { ...process.env, EKIBEN_RUNTIME_DIR: `${project.path}/run`, ...env },
  })
  const ready = await run.until((line) => line.msg === 'ready', { what: 'ekiben to be ready' })
  return new Ekiben(run, Number(new URL(ready.url).port))
}

class Ekiben {
  name = 'ekiben'
  #run

  constructor(run, port) {
    this.#run = run
    this.port = port
  }

  get pid() {
    return this.#run.pid
  }

  get exited() {
    return this.#run.exited
  }

  get lines() {
    return this.#run.lines
  }

  get mark() {
    return this.#run.mark
  }

  until(matches, options) {
    return this.#run.until(matches, options)
  }

  /** Ready workers of a service, or of all: `{ pid, slot }`, by the supervisor's log. */
  workers(service) {
    const ready = new Map()
    for (const line of this.lines) {
      if (line.msg !== 'worker state' || (service !== undefined && line.service !== service)) continue
      if (line.to === 'ready') ready.set(line.workerPid, { pid: line.workerPid, slot: line.slot })
      else ready.delete(line.workerPid)
    }
    return [...ready.values()]
  }

  /** When the worker after `mark` in that slot was spawned and was ready, and how long that took. */
  async replaced({ service, slot, mark, timeoutMs }) {
    const isOf = (line) => line.msg === 'worker state' && line.service === service && line.slot === slot
    const spawned = await this.until((line) => isOf(line) && line.from === 'spawning' && line.to === 'booting', {
      mark,
      timeoutMs,
      what: `a worker in ${service}/${slot}`,
    })
    const ready = await this.until(
      (line) => isOf(line) && line.to === 'ready' && line.workerPid === spawned.workerPid,
      { mark, timeoutMs, what: `worker ${spawned.workerPid} to be ready` },
    )
    return { pid: ready.workerPid, readyAt: ready.time, bootMs: ready.time - spawned.time }
  }

  /** Until rolling reload is there: every worker is told to stop, which drains and replaces it. */
  async reload() {
    for (const service of ['Back', 'Front']) {
      for (const { pid, slot } of this.workers(service)) {
        const { mark } = this
        process.kill(pid, 'SIGTERM')
        await this.replaced({ service, slot, mark })
      }
    }
    return undefined
  }

  signal(name) {
    this.#run.kill(name)
  }

  /** The exit code. */
  async stop() {
    this.#run.kill('SIGTERM')
    const timer = setTimeout(() => this.#run.kill('SIGKILL'), STOP_TIMEOUT_MS)
    const code = await this.exited
    clearTimeout(timer)
    return code
  }
}
