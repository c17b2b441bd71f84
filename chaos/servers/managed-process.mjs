import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { addCleanup } from '../cleanup.mjs'

const KEPT_STDERR = 8_192

/** A process that says on stdout, in lines of JSON, what it does. */
export class ManagedProcess {
  lines = []
  stderr = ''
  #child
  #waiters = new Set()
  exited

  constructor(command, args, options) {
    this.#child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const forget = addCleanup(() => this.#child.kill('SIGKILL'))
    this.exited = new Promise((resolve) => this.#child.once('exit', (code, signal) => resolve(code ?? signal)))
    void this.exited.then((code) => {
      forget()
      for (const waiter of this.#waiters) waiter.fail(new Error(`it ended with ${code}:\n${this.stderr}`))
    })
    this.#child.stderr.setEncoding('utf8').on('data', (chunk) => {
      this.stderr = (this.stderr + chunk).slice(-KEPT_STDERR)
    })
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#onLine(line))
  }

  get pid() {
    return this.#child.pid
  }

  kill(signal) {
    this.#child.kill(signal)
  }

  /** Number of lines so far: what is waited for "from here". */
  get mark() {
    return this.lines.length
  }

  /** The first line from `mark` on that `matches`. */
  async until(matches, { mark = 0, timeoutMs = 60_000, what = 'a line' } = {}) {
    const found = this.lines.slice(mark).find(matches)
    if (found !== undefined) return found
    let waiter
    let timer
    try {
      return await new Promise((resolve, reject) => {
        waiter = { matches, resolve, fail: reject }
        this.#waiters.add(waiter)
        const last = () =>
          this.lines
            .slice(-5)
            .map((line) => JSON.stringify(line))
            .join('\n')
        const giveUp = () =>
          reject(new Error(`Waited ${timeoutMs} ms for ${what}; last lines:\n${last()}\n${this.stderr}`))
        timer = setTimeout(giveUp, timeoutMs)
      })
    } finally {
      this.#waiters.delete(waiter)
      clearTimeout(timer)
    }
  }

  #onLine(text) {
    const line = parse(text)
    if (line === undefined) return
    this.lines.push(line)
    for (const waiter of [...this.#waiters]) if (waiter.matches(line)) waiter.resolve(line)
  }
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
