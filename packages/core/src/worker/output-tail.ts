/** Keeps the last bytes of a stream of text: what a worker wrote before it died. */
export class OutputTail {
  readonly #limitBytes: number
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk.length > this.#limitBytes ? chunk.subarray(-this.#limitBytes) : chunk)
    this.#bytes += (this.#chunks.at(-1) as Buffer).length
    while (this.#bytes - (this.#chunks[0] as Buffer).length >= this.#limitBytes) {
      this.#bytes -= (this.#chunks.shift() as Buffer).length
    }
  }

  toString(): string {
    const all = Buffer.concat(this.#chunks)
    return all.subarray(Math.max(0, all.length - this.#limitBytes)).toString('utf8')
  }
}
