import { createConnection } from 'node:net'
import { AnswerReader } from './answer-reader.mjs'

/** What a request on a broken connection ends as. */
const BROKEN = { ECONNRESET: 'reset', ECONNREFUSED: 'refused', ENOENT: 'refused', ETIMEDOUT: 'timeout' }

/**
 * One client connection over plain sockets: an HTTP library would retry, pool and hide when exactly what broke.
 * At most one request at a time.
 */
export class Connection {
  #socket
  #reader
  #settle
  /** The port it comes from: the server's side of the books knows who accepted it. */
  localPort
  isOpen = true

  /** Resolves with an open connection; rejects with `{ outcome, detail }`. */
  static open(target, timeoutMs) {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ ...target, noDelay: true })
      const timer = setTimeout(() => {
        socket.destroy()
        reject({ outcome: 'timeout', detail: 'while connecting' })
      }, timeoutMs)
      const failed = (error) => {
        clearTimeout(timer)
        reject(outcomeOf(error, 'while connecting'))
      }
      socket.once('error', failed)
      socket.once('connect', () => {
        clearTimeout(timer)
        socket.off('error', failed)
        resolve(new Connection(socket))
      })
    })
  }

  constructor(socket) {
    this.#socket = socket
    this.localPort = socket.localPort
    socket.on('data', (chunk) => this.#onData(chunk))
    // A server may close an idle connection: that is no failure, the next request takes another one.
    socket.on('end', () => this.#broken({ outcome: 'reset', detail: 'closed before the answer was whole' }))
    socket.on('error', (error) => this.#broken(outcomeOf(error, 'while waiting for the answer')))
    socket.on('close', () => this.#broken({ outcome: 'reset', detail: 'closed before the answer was whole' }))
  }

  /**
   * Sends a request: `head`, then each of `pieces` after `gapMs`; reads the answer, pausing `readPauseMs` after each
   * chunk. Resolves with the answer, or `{ outcome, detail }`; `ownMs` is what the client itself made it last.
   */
  async request({ head, pieces = [], gapMs = 0, readPauseMs = 0, timeoutMs }) {
    let ownMs = 0
    const pause = async (ms) => {
      const from = performance.now()
      await new Promise((resolve) => setTimeout(resolve, ms))
      ownMs += performance.now() - from
    }
    const reader = new AnswerReader()
    let timer
    const settled = new Promise((resolve) => {
      this.#settle = resolve
      timer = setTimeout(() => resolve({ outcome: 'timeout', detail: reader.describe() }), timeoutMs)
    })
    this.#reader = { reader, pace: readPauseMs > 0 ? () => this.#pace(pause, readPauseMs) : undefined }
    this.#socket.write(head)
    for (const piece of pieces) {
      if (gapMs > 0) await pause(gapMs)
      if (this.#settle === undefined) break
      this.#socket.write(piece)
    }
    const result = await settled
    clearTimeout(timer)
    this.#settle = undefined
    this.#reader = undefined
    if (result.outcome !== undefined || result.closes) this.close()
    return { ...result, ownMs }
  }

  close() {
    this.isOpen = false
    this.#socket.destroy()
  }

  #onData(chunk) {
    if (this.#reader === undefined) {
      // Nothing was asked: a server that talks now (408, say) is about to close.
      this.close()
      return
    }
    const { reader, pace } = this.#reader
    const answer = reader.push(chunk)
    if (answer !== undefined) this.#finish(answer)
    else pace?.()
  }

  async #pace(pause, ms) {
    this.#socket.pause()
    await pause(ms)
    this.#socket.resume()
  }

  #broken(failure) {
    this.isOpen = false
    this.#finish(failure)
  }

  #finish(result) {
    const settle = this.#settle
    this.#settle = undefined
    settle?.(result)
  }
}

function outcomeOf(error, when) {
  const outcome = BROKEN[error.code] ?? (error.syscall === 'write' ? 'write error' : 'reset')
  return { outcome, detail: `${error.code ?? error.message} ${when}` }
}
