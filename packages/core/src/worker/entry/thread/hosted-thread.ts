import { extname, join } from 'node:path'
import { inspect } from 'node:util'
import { type MessagePort, Worker, type WorkerOptions } from 'node:worker_threads'
import { parseWorkerMessage } from '../../../ipc/protocol.js'
import {
  type HostReport,
  parseThreadWord,
  type SeatCommand,
  type SeatLeft,
  type ThreadData,
  type ThreadWord,
} from '../../../ipc/thread-protocol.js'

/** Beside this file, and beside the bundle that takes its place. */
const ENTRY = join(__dirname, `thread-entry${extname(__filename)}`)
const MEBIBYTE = 1024 * 1024
/**
 * Of a thread whose heap has a limit. At the limit Node lets it have 16 MiB more, so that the collection at work can come
 * to its end before the thread does; where what is young does not fit in there, V8 ends the process, with all threads. By
 * default it may be three times as much.
 */
const YOUNG_MEBIBYTES = 12
const OUT_OF_HEAP = 'ERR_WORKER_OUT_OF_MEMORY'

export interface HostedThreadOptions {
  readonly command: SeatCommand
  /** A descriptor of the public socket for this thread alone. */
  readonly socketFd: number | undefined
  readonly report: (message: HostReport) => Promise<void>
  readonly onOutput: (chunk: Buffer) => void
  readonly onWord: (word: ThreadWord) => void
  /** Once, after the last of its output was passed on. */
  readonly onLeft: (left: SeatLeft) => void
}

/** One worker thread, from its start to its end, seen from the main thread of its process. */
export class HostedThread {
  readonly #options: HostedThreadOptions
  readonly #socketTaken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  #worker: Worker | undefined
  #threadId: number | undefined
  #name: string | undefined
  #address: string | undefined
  #outOfHeap = false

  constructor(options: HostedThreadOptions) {
    this.#options = options
  }

  /** As it is shown to those who list processes; undefined: not known yet. */
  get name(): string | undefined {
    return this.#name
  }

  /** Where it serves calls; undefined: nowhere. */
  get address(): string | undefined {
    return this.#address
  }

  get threadId(): number | undefined {
    return this.#threadId
  }

  /** The descriptor that it was given and has not listened on; what it has listened on is closed with it. */
  get socketLeft(): number | undefined {
    return Atomics.load(this.#socketTaken, 0) === 1 ? undefined : this.#options.socketFd
  }

  start(): void {
    const { command, socketFd = -1, report } = this.#options
    const { seat, token, role, env, heapBytes } = command
    const workerData: ThreadData = { token, role, socketFd, socketTaken: this.#socketTaken }
    // The flags of Node are this process's: a thread that is given none takes them over.
    let worker: Worker
    try {
      worker = new Worker(ENTRY, { workerData, env, stdout: true, stderr: true, ...limitHeap(heapBytes) })
    } catch (error) {
      return this.#leave({ code: null, error: (error as Error).message })
    }
    this.#worker = worker
    this.#threadId = worker.threadId
    void report({ type: 'seated', seat, threadId: worker.threadId })
    worker.on('message', (received: unknown) => this.#receive(received))
    worker.on('error', (error: unknown) => this.#onError(error))
    void this.#end(worker)
  }

  post(message: object, transferred: readonly MessagePort[] = []): void {
    this.#worker?.postMessage(message, transferred)
  }

  terminate(): void {
    void this.#worker?.terminate()
  }

  #receive(received: unknown): void {
    const { command, report, onWord } = this.#options
    const word = parseThreadWord<ThreadWord>(received)
    if (word === undefined) {
      // What its own code posts stays here: it may be what the channel of this process cannot carry.
      if (parseWorkerMessage(received) !== undefined) {
        void report({ type: 'told', seat: command.seat, message: received })
      }
      return
    }
    if (word.type === 'named') this.#name = word.name
    if (word.type === 'listening') this.#address = word.address
    onWord(word)
  }

  /** What Node would have written of it, had it been a process. */
  #onError(error: unknown): void {
    const { command, report } = this.#options
    this.#outOfHeap ||= (error as { code?: unknown } | null)?.code === OUT_OF_HEAP
    void report({ type: 'wrote', seat: command.seat, text: `Uncaught ${show(error)}\n` })
  }

  async #end(worker: Worker): Promise<void> {
    const exited = new Promise<number>((resolve) => worker.once('exit', resolve))
    const [code] = await Promise.all([exited, this.#passOnStdout(worker), this.#passOnStderr(worker)])
    this.#leave({ code, error: undefined })
  }

  async #passOnStdout({ stdout }: Worker): Promise<void> {
    for await (const chunk of stdout) this.#options.onOutput(chunk as Buffer)
  }

  /** No faster than it is taken from us, so that a flood of it waits in the thread. */
  async #passOnStderr({ stderr }: Worker): Promise<void> {
    const { command, report } = this.#options
    stderr.setEncoding('utf8')
    for await (const text of stderr) await report({ type: 'wrote', seat: command.seat, text: text as string })
  }

  #leave({ code, error }: Pick<SeatLeft, 'code' | 'error'>): void {
    const { command, onLeft } = this.#options
    onLeft({ type: 'left', seat: command.seat, code, outOfHeap: this.#outOfHeap, error })
  }
}

function limitHeap(bytes: number | undefined): WorkerOptions {
  if (bytes === undefined) return {}
  const maxOldGenerationSizeMb = Math.ceil(bytes / MEBIBYTE)
  return { resourceLimits: { maxOldGenerationSizeMb, maxYoungGenerationSizeMb: YOUNG_MEBIBYTES } }
}

/** The copy that reaches us has lost its class, and kept the name of it. */
function show(error: unknown): string {
  return inspect(error).replace(/^(\w+) \[\w+\]/, '$1')
}
