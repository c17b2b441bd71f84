import { ChunkDecoder } from './chunk-decoder.mjs'

/** A text that is longer than any answer that is looked into. */
const KEPT_BYTES = 4096

/** Puts one HTTP/1.1 answer together; of a long body it keeps the beginning and counts the rest. */
export class AnswerReader {
  #head = ''
  #headers
  #status = 0
  /** Bytes; undefined: it comes in chunks. */
  #expected
  #chunks
  #received = 0
  #kept = []
  #keptBytes = 0

  /** The answer once it is whole; `{ outcome, detail }` where it is none. */
  push(chunk) {
    if (this.#headers !== undefined) return this.#take(chunk)
    this.#head += chunk.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end === -1) return undefined
    const body = Buffer.from(this.#head.slice(end + 4), 'latin1')
    const [first, ...lines] = this.#head.slice(0, end).split('\r\n')
    this.#status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1])
    this.#headers = new Map(lines.map((line) => [line.split(':', 1)[0].toLowerCase(), line.replace(/^[^:]*:\s*/, '')]))
    const length = this.#headers.get('content-length')
    if (this.#headers.get('transfer-encoding') === 'chunked') this.#chunks = new ChunkDecoder()
    else if (length !== undefined) this.#expected = Number(length)
    if (Number.isNaN(this.#status) || (length === undefined && this.#chunks === undefined)) {
      return { outcome: 'unexpected body', detail: `no answer of known length: ${this.#head.slice(0, 200)}` }
    }
    return this.#take(body)
  }

  describe() {
    if (this.#headers === undefined) return this.#head === '' ? 'nothing was answered' : 'the head was not whole'
    return `${this.#received} of ${this.#expected ?? 'unknown'} bytes were answered`
  }

  #take(bytes) {
    if (this.#chunks === undefined) return this.#keep(bytes, () => this.#received >= this.#expected)
    try {
      const { body, isOver, rest } = this.#chunks.push(bytes)
      if (isOver) this.#expected = this.#received + body.length - rest
      return this.#keep(body, () => isOver)
    } catch (error) {
      return { outcome: 'unexpected body', detail: error.message }
    }
  }

  #keep(chunk, isWhole) {
    this.#received += chunk.length
    if (this.#keptBytes < KEPT_BYTES) {
      this.#kept.push(chunk.subarray(0, KEPT_BYTES - this.#keptBytes))
      this.#keptBytes += this.#kept.at(-1).length
    }
    if (!isWhole()) return undefined
    if (this.#received > this.#expected) return { outcome: 'unexpected body', detail: 'more than its length' }
    return {
      status: this.#status,
      headers: this.#headers,
      closes: this.#headers.get('connection')?.toLowerCase() === 'close',
      bytes: this.#received,
      text: Buffer.concat(this.#kept).toString('latin1'),
    }
  }
}
