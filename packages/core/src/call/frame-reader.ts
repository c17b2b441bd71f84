import { createError } from '../errors/service-error.js'
import { FRAME_HEADER_BYTES, type Frame, readFrame, readFrameLength } from './frame.js'

/**
 * Cuts frames out of the chunks of a stream: state only, no socket.
 *
 * Frames that are whole within a chunk are not copied; one that is spread over several is put together in a buffer
 * of its own, each byte copied once.
 */
export class FrameReader {
  /** The frame being put together, or the first bytes of a header. */
  #partial: Buffer | undefined
  #filled = 0

  /** Hands over each frame that `chunk` completes. Throws EKB_ERR_CALL_PROTOCOL: read nothing more from this peer. */
  push(chunk: Buffer, onFrame: (frame: Frame) => void): void {
    let offset = this.#partial === undefined ? 0 : this.#fill(chunk, onFrame)
    while (chunk.length - offset >= FRAME_HEADER_BYTES) {
      const total = frameBytes(chunk, offset)
      if (chunk.length - offset < total) break
      const frame = readFrame(chunk, offset, isAlone(chunk, total))
      offset += total
      onFrame(frame)
    }
    if (offset < chunk.length) this.#keep(chunk, offset)
  }

  /** Did the stream stop in the middle of a frame? */
  get isPartial(): boolean {
    return this.#partial !== undefined
  }

  /** Completes what is kept; returns how much of the chunk that took. */
  #fill(chunk: Buffer, onFrame: (frame: Frame) => void): number {
    let taken = 0
    let partial = this.#partial as Buffer
    if (partial.length === FRAME_HEADER_BYTES) {
      taken = this.#copy(chunk, 0)
      if (this.#filled < FRAME_HEADER_BYTES) return taken
      const total = frameBytes(partial, 0)
      if (total > FRAME_HEADER_BYTES) partial = this.#grow(partial, total)
    }
    taken += this.#copy(chunk, taken)
    if (this.#filled === partial.length) {
      this.#partial = undefined
      onFrame(readFrame(partial, 0, true))
    }
    return taken
  }

  #keep(chunk: Buffer, offset: number): void {
    const isHeaderThere = chunk.length - offset >= FRAME_HEADER_BYTES
    // Memory of the claimed length is not touched before its bytes arrive, so a mere claim costs little.
    this.#partial = Buffer.allocUnsafeSlow(isHeaderThere ? frameBytes(chunk, offset) : FRAME_HEADER_BYTES)
    this.#filled = 0
    this.#copy(chunk, offset)
  }

  #grow(header: Buffer, total: number): Buffer {
    this.#partial = Buffer.allocUnsafeSlow(total)
    header.copy(this.#partial)
    return this.#partial
  }

  #copy(chunk: Buffer, offset: number): number {
    const copied = chunk.copy(this.#partial as Buffer, this.#filled, offset)
    this.#filled += copied
    return copied
  }
}

/** Is the frame all that is in this memory? */
function isAlone({ length, buffer }: Buffer, total: number): boolean {
  return length === total && buffer.byteLength === total
}

function frameBytes(source: Buffer, offset: number): number {
  const length = readFrameLength(source, offset)
  if (typeof length === 'string') throw createError('EKB_ERR_CALL_PROTOCOL', { reason: length })
  return FRAME_HEADER_BYTES + length
}
