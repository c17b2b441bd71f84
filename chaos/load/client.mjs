import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from './connection.mjs'
import { answererOf, compose, REQUESTS } from './requests.mjs'

const REQUEST_TIMEOUT_MS = 15_000
const CONNECT_TIMEOUT_MS = 10_000
/** A client that was refused does not ask again at once. */
const AFTER_FAILURE_MS = 20

/** Asks again and again until told to stop; every request ends up in the books, exactly once. */
export class Client {
  #profile
  #target
  #tally
  #request
  #extraMs
  #connection
  #pid
  #stopping = new AbortController()

  /** `latencyMs`: what a round trip to the target takes by itself. */
  constructor({ name, profile, target, tally, latencyMs }) {
    this.#profile = { name, ...profile }
    this.#target = target
    this.#tally = tally
    this.#request = REQUESTS[profile.ask]
    this.#extraMs = latencyMs + (this.#request.serverMs ?? 0)
  }

  async run() {
    while (await this.#think()) {
      const ok = await this.#ask()
      if (!ok) await sleep(AFTER_FAILURE_MS)
    }
    this.#connection?.close()
  }

  stop() {
    this.#stopping.abort()
  }

  /** False: it was told to stop. */
  async #think() {
    const [least, most] = this.#profile.thinkMs
    const { signal } = this.#stopping
    await sleep(least + Math.random() * (most - least), undefined, { signal }).catch(() => {})
    return !signal.aborted
  }

  async #ask() {
    const { name, connection } = this.#profile
    const id = randomUUID()
    const startedAt = performance.now()
    const result = await this.#exchange(id, connection === 'keep')
    const { outcome = this.#judge(result), ownMs = 0, status, detail, text, headers } = result
    const endedAt = performance.now()
    const ms = endedAt - startedAt - ownMs - this.#extraMs
    if (outcome === 'ok') this.#pid = answererOf(result)
    const times = { at: performance.timeOrigin + startedAt, endedAt: performance.timeOrigin + endedAt, ms }
    const record = { profile: name, outcome, ...times, pid: this.#pid }
    if (outcome === 'ok') {
      this.#tally.add(record)
    } else {
      const answer = status === undefined ? {} : { status, text: text.slice(0, 300) }
      const retryAfter = headers?.get('retry-after')
      const more = { id, detail, ...answer, retryAfter, localPort: this.#connection?.localPort }
      this.#tally.add({ ...record, ...more })
    }
    if (connection === 'new' || this.#connection?.isOpen === false) this.#forget()
    return outcome === 'ok'
  }

  async #exchange(id, keep) {
    try {
      // A connection that the server closed while nothing was asked is simply replaced.
      if (this.#connection?.isOpen !== true) {
        this.#forget()
        this.#connection = await Connection.open(this.#target, CONNECT_TIMEOUT_MS)
      }
    } catch (failure) {
      return failure
    }
    return this.#connection.request({ ...compose(this.#request, { id, keep }), timeoutMs: REQUEST_TIMEOUT_MS })
  }

  #judge(answer) {
    if (answer.status !== 200) return 'unexpected status'
    return this.#request.isRight(answer) ? 'ok' : 'unexpected body'
  }

  #forget() {
    this.#connection?.close()
    this.#connection = undefined
    this.#pid = undefined
  }
}
