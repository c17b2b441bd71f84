/** Takes the chunks of `transfer-encoding: chunked` apart. Trailers are not looked for: none of these servers sends any. */
export class ChunkDecoder {
  #line = ''
  /** Of the chunk at hand, with the line break after it; 0: a line with a length comes next. */
  #left = 0
  #isOver = false

  /** What the bytes hold of the body, and whether it is over. Throws where a length belongs and none is. */
  push(bytes) {
    const parts = []
    let at = 0
    while (at < bytes.length && !this.#isOver)
      at += this.#left > 0 ? this.#takeData(bytes, at, parts) : this.#takeLine(bytes, at)
    return { body: Buffer.concat(parts), isOver: this.#isOver, rest: bytes.length - at }
  }

  #takeData(bytes, at, parts) {
    const taken = Math.min(this.#left, bytes.length - at)
    // Its last two bytes are a line break.
    const data = Math.min(taken, Math.max(0, this.#left - 2))
    if (data > 0) parts.push(bytes.subarray(at, at + data))
    this.#left -= taken
    return taken
  }

  #takeLine(bytes, at) {
    const end = bytes.indexOf('\n', at)
    this.#line += bytes.toString('latin1', at, end === -1 ? bytes.length : end + 1)
    if (end === -1) return bytes.length - at
    const line = this.#line.trim()
    this.#line = ''
    // After the chunk of length 0 an empty line ends it all.
    if (line === '' && this.#left < 0) this.#isOver = true
    else if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`no length of a chunk: ${JSON.stringify(line.slice(0, 40))}`)
    else this.#left = Number.parseInt(line, 16) === 0 ? -1 : Number.parseInt(line, 16) + 2
    return end + 1 - at
  }
}
