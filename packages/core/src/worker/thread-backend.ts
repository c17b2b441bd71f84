import { type SupervisorMessage, wrapMessage } from '../ipc/protocol.js'
import type { SeatCommand } from '../ipc/thread-protocol.js'
import type { Diagnosis } from '../ipc/watch-line.js'
import { passOnStderr } from '../observe/pass-on-stderr.js'
import { OutputTail } from './output-tail.js'
import { OUTPUT_TAIL_BYTES } from './session-process.js'
import type { ThreadHost } from './thread-host.js'
import type { WorkerBackend, WorkerBackendEvents } from './worker-backend.js'

/** A worker in a thread of a host process. */
export class ThreadBackend implements WorkerBackend {
  readonly #start: Omit<SeatCommand, 'type' | 'seat'>
  readonly #chooseHost: () => ThreadHost
  readonly #output = new OutputTail(OUTPUT_TAIL_BYTES)
  #host: ThreadHost | undefined
  #seat = 0
  #threadId: number | undefined

  /** `chooseHost`: asked when it starts. */
  constructor(start: Omit<SeatCommand, 'type' | 'seat'>, chooseHost: () => ThreadHost) {
    this.#start = start
    this.#chooseHost = chooseHost
  }

  get pid(): number | undefined {
    return this.#host?.pid
  }

  get threadId(): number | undefined {
    return this.#threadId
  }

  get lastOutput(): string {
    return this.#output.toString() || (this.#host?.lastOutput ?? '')
  }

  start({ onSpawned, onMessage, onExit }: WorkerBackendEvents): void {
    this.#host = this.#chooseHost()
    this.#seat = this.#host.seat(this.#start, {
      onSeated: (threadId) => {
        this.#threadId = threadId
        onSpawned()
      },
      onMessage,
      onOutput: (text) => {
        const chunk = Buffer.from(text)
        this.#output.push(chunk)
        passOnStderr(chunk)
      },
      onExit,
    })
  }

  send(message: SupervisorMessage): void {
    this.#host?.tell(this.#seat, wrapMessage(message))
  }

  diagnose(): Promise<Diagnosis | string> {
    return this.#host?.look(this.#seat) ?? Promise.resolve('it was not started')
  }

  kill(): void {
    this.#host?.unseat(this.#seat)
  }
}
