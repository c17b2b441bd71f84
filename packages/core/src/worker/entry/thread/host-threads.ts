import {
  FIRST_SOCKET_FD,
  type HostCommand,
  type HostReport,
  type ThreadWord,
  wrapThreadWord,
} from '../../../ipc/thread-protocol.js'
import { LogDestination } from '../../../observe/log-destination.js'
import { HostedThread } from './hosted-thread.js'
import { lookIntoThread } from './look-into-thread.js'
import { SocketStock } from './socket-stock.js'

export interface HostThreadsOptions {
  /** How many descriptors of the public socket this process was given. */
  readonly sockets: number
  readonly report: (message: HostReport) => Promise<void>
}

/** The threads of a host process. */
export class HostThreads {
  readonly #report: HostThreadsOptions['report']
  readonly #sockets: SocketStock
  readonly #threads = new Map<number, HostedThread>()
  /** Never waits for a reader that has stalled: all threads would wait with it. */
  readonly #stdout = new LogDestination(1)
  #isOrphaned = false

  constructor({ sockets, report }: HostThreadsOptions) {
    this.#report = report
    this.#sockets = new SocketStock(FIRST_SOCKET_FD, sockets)
    process.on('exit', () => this.#stdout.flushAtExit())
  }

  carryOut(command: HostCommand): void {
    switch (command.type) {
      case 'hello':
        return
      case 'seat':
        this.#seat(command)
        return
      case 'tell':
        this.#threads.get(command.seat)?.post(command.message)
        return
      case 'unseat':
        this.#threads.get(command.seat)?.terminate()
        return
      case 'look':
        void this.#look(command)
        return
      case 'clear':
        this.#sockets.clear()
        return
      case 'end':
        void this.#end()
        return
    }
  }

  /** The supervisor is gone: each leaves as a process would. */
  endOrphaned(): void {
    this.#isOrphaned = true
    this.#sockets.clear()
    for (const thread of this.#threads.values()) thread.post(wrapThreadWord({ type: 'lost' }))
    if (this.#threads.size === 0) process.exit(0)
  }

  leaveQuickly(): void {
    for (const thread of this.#threads.values()) thread.post(wrapThreadWord({ type: 'quit' }))
  }

  #seat(command: Extract<HostCommand, { type: 'seat' }>): void {
    const { seat, role } = command
    const thread = new HostedThread({
      command,
      socketFd: role === 'entry' ? this.#sockets.take() : undefined,
      report: this.#report,
      onOutput: (chunk) => this.#stdout.write(chunk),
      onWord: (word) => this.#hear(word),
      onLeft: (left) => {
        this.#threads.delete(seat)
        if (thread.socketLeft !== undefined) this.#sockets.giveBack(thread.socketLeft)
        void this.#report(left)
        if (thread.address !== undefined) this.#tellNeighbours()
        if (this.#isOrphaned && this.#threads.size === 0) process.exit(0)
      },
    })
    this.#threads.set(seat, thread)
    thread.start()
    thread.post(this.#neighbours())
  }

  #hear(word: ThreadWord): void {
    switch (word.type) {
      case 'named':
        this.#showThreads()
        return
      case 'listening':
        this.#tellNeighbours()
        return
      case 'call':
        this.#connect(word)
        return
    }
  }

  #connect({ address, port }: Extract<ThreadWord, { type: 'call' }>): void {
    const callee = [...this.#threads.values()].find((thread) => thread.address === address)
    if (callee === undefined) port.close()
    else callee.post(wrapThreadWord({ type: 'caller', port }), [port])
  }

  /** Before the supervisor tells them of each other. */
  #tellNeighbours(): void {
    for (const thread of this.#threads.values()) thread.post(this.#neighbours())
  }

  #neighbours(): object {
    const addresses = [...this.#threads.values()].map(({ address }) => address).filter((each) => each !== undefined)
    return wrapThreadWord({ type: 'neighbours', addresses })
  }

  async #look({ seat, id }: Extract<HostCommand, { type: 'look' }>): Promise<void> {
    const threadId = this.#threads.get(seat)?.threadId
    const outcome = threadId === undefined ? 'it has ended' : await lookIntoThread(threadId)
    void this.#report({ type: 'seen', id, outcome })
  }

  async #end(): Promise<never> {
    await this.#stdout.flush(1000)
    process.exit(0)
  }

  /** As a worker with a process of its own shows itself; all threads have one title. */
  #showThreads(): void {
    const names = [...this.#threads.values()].map(({ name }) => name).filter((name) => name !== undefined)
    process.title = `ekiben: ${names.join(' ')} g${process.env.EKIBEN_GENERATION}`
  }
}
