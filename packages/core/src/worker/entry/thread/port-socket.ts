import { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import type { FrameSocket } from '../../../call/frame-socket.js'

interface Written {
  readonly chunk: Uint8Array
}

/** Says that the other side writes no more. */
const END = null

/** What may wait at the reader, as the system would hold it of a socket: some large buffers. */
const MOST_UNREAD_BYTES = 16 * 1024 * 1024
/** So much is read before the writer hears of it: small calls need no word of their own, and large ones few. */
const TOLD_BYTES = 512 * 1024

/** What is written, its end, or how many bytes of what we have written were read. */
type Word = ArrayBuffer | typeof END | number

/**
 * A connection between two threads of one process. What is written at once is joined in memory of its own, whose
 * ownership goes to the other thread: each byte is copied once, and none by the system. The sender keeps its own: a caller
 * may go on using what it has sent.
 */
export class PortSocket extends Duplex implements FrameSocket {
  readonly #port: MessagePort
  /** Written, and not read on the other side as far as is known. */
  #unread = 0
  /** Arrived here, and not taken yet. */
  #waiting = 0
  /** Taken, and not told to the writer yet. */
  #taken = 0

  constructor(port: MessagePort) {
    super({ allowHalfOpen: false })
    this.#port = port
    port.on('message', (word: Word) => this.#receive(word))
    // The other thread has ended, or has let go.
    port.on('close', () => this.destroy())
  }

  get isFull(): boolean {
    return this.#unread > MOST_UNREAD_BYTES
  }

  unref(): void {
    this.#port.unref()
  }

  destroySoon(): void {
    this.end(() => this.destroy())
  }

  override _read(): void {
    // It is there already; that there is room for it means that what came before has been taken.
    this.#take()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this._writev([{ chunk }], done)
  }

  override _writev(written: readonly Written[], done: () => void): void {
    const memory = join(written)
    this.#unread += memory.byteLength
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

  #receive(word: Word): void {
    if (typeof word === 'number') return this.#onRead(word)
    if (word === END) {
      this.push(null)
      return
    }
    this.#waiting += word.byteLength
    if (this.push(Buffer.from(word))) this.#take()
  }

  #take(): void {
    this.#taken += this.#waiting
    this.#waiting = 0
    if (this.#taken < TOLD_BYTES) return
    this.#port.postMessage(this.#taken)
    this.#taken = 0
  }

  #onRead(bytes: number): void {
    const wasFull = this.isFull
    this.#unread -= bytes
    if (wasFull && !this.isFull) this.emit('drain')
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
