import { randomUUID } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { createError } from '../errors/service-error.js'
import type { SpoolFolder } from './spool-folder.js'

/** Of all files of a request together. */
const DEFAULT_MEMORY_BYTES = 256 * 1024

/**
 * What came with one request: in memory up to a limit, beyond it on disk. Gone when the request is: what is read of it
 * later fails.
 */
export class RequestFiles {
  readonly #folder: SpoolFolder
  readonly #paths: string[] = []
  #memoryLeft: number
  #isReleased = false

  constructor(folder: SpoolFolder, memoryBytes = DEFAULT_MEMORY_BYTES) {
    this.#folder = folder
    this.#memoryLeft = memoryBytes
  }

  /** All of a source: as bytes where they are few, else as a Blob of a file on disk. */
  async keep(source: AsyncIterable<Uint8Array>): Promise<Uint8Array | Blob> {
    const pieces: Uint8Array[] = []
    let length = 0
    let file: SpooledFile | undefined
    try {
      for await (const piece of source) {
        length += piece.byteLength
        if (file !== undefined) {
          await file.write(piece)
        } else {
          pieces.push(piece)
          this.#memoryLeft -= piece.byteLength
          if (this.#memoryLeft >= 0) continue
          file = await this.#spool()
          await file.write(Buffer.concat(pieces.splice(0), length))
          this.#memoryLeft += length
        }
      }
      if (file === undefined) return Buffer.concat(pieces, length)
      return await file.toBlob()
    } finally {
      await file?.close()
    }
  }

  /** Never rejects: what cannot be removed now goes with the folder. */
  async release(): Promise<void> {
    this.#isReleased = true
    await Promise.all(this.#paths.splice(0).map((path) => rm(path, { force: true }).catch(() => undefined)))
  }

  async #spool(): Promise<SpooledFile> {
    const path = await this.#folder.pathOf(randomUUID()).catch(refuse('its folder'))
    const file = new SpooledFile(path, await open(path, 'wx', 0o600).catch(refuse(path)))
    this.#paths.push(path)
    if (this.#isReleased) {
      await file.close()
      await this.release()
      throw createError('EKB_ERR_ABORTED', { what: 'The request' })
    }
    return file
  }
}

class SpooledFile {
  readonly #path: string
  readonly #handle: FileHandle
  #isOpen = true

  constructor(path: string, handle: FileHandle) {
    this.#path = path
    this.#handle = handle
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#handle.appendFile(bytes).catch(refuse(this.#path))
  }

  async toBlob(): Promise<Blob> {
    await this.close()
    return openAsBlob(this.#path).catch(refuse(this.#path))
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await this.#handle.close().catch(refuse(this.#path))
  }
}

/** For `.catch`: no room, no permission. */
function refuse(path: string): (cause: Error) => never {
  return (cause) => {
    throw createError('EKB_ERR_UPLOAD_NOT_KEPT', { path, reason: cause.message }, { cause })
  }
}
