import { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import type { FrameSocket } from '../../../call/frame-socket.js'

interface Written {
  readonly chunk: Uint8Array
}

/** Says that the other side writes no more. */
const END = null

/**
 * A connection between two threads of one process. What is written at once is joined in memory of its own, whose
 * ownership goes to the other thread: each byte is copied once, and none by the system. The sender keeps its own: a caller
 * may go on using what it has sent.
 */
export class PortSocket extends Duplex implements FrameSocket {
  readonly #port: MessagePort

  constructor(port: MessagePort) {
    super({ allowHalfOpen: false })
    this.#port = port
    port.on('message', (received: ArrayBuffer | typeof END) => {
      this.push(received === END ? null : Buffer.from(received))
    })
    // The other thread has ended, or has let go.
    port.on('close', () => this.destroy())
  }

  unref(): void {
    this.#port.unref()
  }

  destroySoon(): void {
    this.end(() => this.destroy())
  }

  override _read(): void {
    // What is not read waits: it is there already.
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this._writev([{ chunk }], done)
  }

  override _writev(written: readonly Written[], done: () => void): void {
    const memory = join(written)
    this.#port.postMessage(memory, [memory])
    done()
  }

  override _final(done: () => void): void {
    this.#port.postMessage(END)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#port.close()
    done(error)
  }
}

function join(written: readonly Written[]): ArrayBuffer {
  let length = 0
  for (const { chunk } of written) length += chunk.byteLength
  // Not of the pool, which others share: this memory is given away.
  const joined = Buffer.allocUnsafeSlow(length)
  let offset = 0
  for (const { chunk } of written) {
    joined.set(chunk, offset)
    offset += chunk.byteLength
  }
  return joined.buffer as ArrayBuffer
}
