import { closeSync, constants, fstatSync, openSync, statSync, write as writeAsync, writeSync } from 'node:fs'

/** Where lines go. */
export interface LineSink {
  write(line: string): void
}

/** Beyond so much that nobody reads, lines are dropped and counted: a stalled reader must not cost us our memory. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024
const CHUNK_BYTES = 64 * 1024
const RETRY_MS = 20
const EXIT_GRACE_MS = 5
/** A full disk, a quota, the greatest size of a file: whoever looks after it makes room. */
const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const LINE_BREAK = Buffer.from('\n')

/**
 * Writes lines to a descriptor and never waits for its reader: a supervisor that hangs in a write because somebody
 * paused the terminal supervises nothing. A reader that has gone costs the log, not the process.
 */
export class LogDestination implements LineSink {
  /** Called with the count of lines, and of their bytes, once lines can be written again. */
  onDropped: ((count: number, bytes: number) => void) | undefined
  readonly #fd: number
  /** The descriptor can be written at once: it returns EAGAIN instead of waiting, or is a file. */
  readonly #direct: boolean
  #queue: Buffer[] = []
  #bytes = 0
  #dropped = { count: 0, bytes: 0 }
  /** A part of the first in the queue is written. */
  #firstIsCut = false
  /** A part of a line was written whose rest is lost. */
  #lineIsCut = false
  #retry: NodeJS.Timeout | undefined
  #inFlight = false
  #broken = false
  #idle: (() => void)[] = []

  constructor(fd: number) {
    const { fd: own, direct } = openWithoutWaiting(fd)
    this.#fd = own
    this.#direct = direct
  }

  write(line: string | Uint8Array): void {
    if (this.#broken) return
    const bytes = typeof line === 'string' ? Buffer.from(line) : Buffer.from(line.buffer, line.byteOffset, line.length)
    if (this.#bytes + bytes.length > MAX_BACKLOG_BYTES) return this.#drop(1, bytes.length)
    if (this.#lineIsCut) this.#push(LINE_BREAK)
    this.#lineIsCut = false
    this.#push(bytes)
    this.#pump()
  }

  /** Resolves when all is written, the reader is gone, or the time is over. */
  flush(timeoutMs: number): Promise<void> {
    if (this.#bytes === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#idle.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** The last try of a process that ends: what waits for a stalled reader is given up. */
  flushAtExit(): void {
    if (this.#broken || this.#bytes === 0 || this.#bytes > CHUNK_BYTES) return
    if (this.#direct) {
      this.#writeDirect()
      return
    }
    // The thread's write is not cut off by the exit. A moment's grace lets it come before the rest.
    if (this.#inFlight) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXIT_GRACE_MS)
    try {
      writeSync(this.#fd, Buffer.concat(this.#inFlight ? this.#queue.slice(1) : this.#queue))
    } catch {
      // Nobody is left to be told.
    }
  }

  #push(bytes: Buffer): void {
    this.#queue.push(bytes)
    this.#bytes += bytes.length
  }

  #drop(count: number, bytes: number): void {
    this.#dropped = { count: this.#dropped.count + count, bytes: this.#dropped.bytes + bytes }
  }

  #pump(): void {
    if (this.#retry !== undefined || this.#inFlight) return
    if (this.#direct) this.#writeDirect()
    else this.#writeInThread()
  }

  #writeDirect(): void {
    try {
      while (this.#bytes > 0) this.#consume(writeSync(this.#fd, this.#queue[0] as Buffer))
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException)
      return
    }
    this.#settle()
  }

  /** A socket, or a pipe that cannot be opened anew: a thread of libuv's pool may wait, one at a time. */
  #writeInThread(): void {
    const chunk = this.#takeChunk()
    this.#inFlight = true
    writeAsync(this.#fd, chunk, (error, written) => {
      this.#inFlight = false
      if (error !== null) {
        this.#fail(error)
        return
      }
      this.#consume(written)
      if (this.#bytes > 0) this.#pump()
      else this.#settle()
    })
  }

  #takeChunk(): Buffer {
    let count = 0
    let length = 0
    while (count < this.#queue.length && (count === 0 || length < CHUNK_BYTES)) {
      length += (this.#queue[count] as Buffer).length
      count += 1
    }
    const chunk = Buffer.concat(this.#queue.splice(0, count))
    this.#queue.unshift(chunk)
    return chunk
  }

  #consume(written: number): void {
    const [first] = this.#queue as [Buffer]
    this.#bytes -= written
    this.#firstIsCut = written < first.length
    if (this.#firstIsCut) this.#queue[0] = first.subarray(written)
    else this.#queue.shift()
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (error.code === 'EAGAIN' || error.code === 'EINTR') {
      this.#retryLater()
    } else if (FULL.has(error.code)) {
      // There may be room again; this backlog is lost.
      this.#drop(this.#queue.length, this.#bytes)
      this.#lineIsCut = this.#firstIsCut
      this.#clear()
    } else {
      this.#broken = true
      this.#clear()
    }
  }

  #retryLater(): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#pump()
    }, RETRY_MS)
    // A reader that never comes back must not keep the process alive.
    this.#retry.unref()
  }

  #clear(): void {
    this.#queue = []
    this.#bytes = 0
    this.#firstIsCut = false
    for (const done of this.#idle.splice(0)) done()
  }

  #settle(): void {
    for (const done of this.#idle.splice(0)) done()
    const { count, bytes } = this.#dropped
    if (count === 0) return
    this.#dropped = { count: 0, bytes: 0 }
    this.onDropped?.(count, bytes)
  }
}

/**
 * A write to a full pipe waits, and O_NONBLOCK set on it would be set for every process that shares it. Opened anew
 * through /proc it has flags of its own. Sockets cannot be opened so, and macOS gives the same open file again.
 */
function openWithoutWaiting(fd: number): { fd: number; direct: boolean } {
  try {
    const stats = fstatSync(fd)
    if (stats.isFile()) return { fd, direct: true }
    if (process.platform !== 'linux' || stats.isSocket()) return { fd, direct: stats.isCharacterDevice() }
    const own = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    const opened = fstatSync(own)
    if (opened.ino === stats.ino && opened.dev === stats.dev) return { fd: own, direct: true }
    closeSync(own)
  } catch {
    // Closed, or owned by another user: writing will say so, or work.
  } finally {
    forgetPipe()
  }
  return { fd, direct: false }
}

/**
 * Node 20 takes what the last `stat` of the process found for what it looks at itself: after one of a pipe or a socket, the
 * path of the next package that is imported keeps its links, and what lies beside the package is not found.
 */
function forgetPipe(): void {
  statSync('/', { throwIfNoEntry: false })
}
