import { randomUUID } from 'node:crypto'
import { entryFile } from '../entry-file.js'
import { wrapMessage } from '../ipc/protocol.js'
import {
  FIRST_SOCKET_FD,
  type HostCommand,
  type HostReport,
  type SeatCommand,
  type SeatLeft,
} from '../ipc/thread-protocol.js'
import type { Diagnosis } from '../ipc/watch-line.js'
import { TOKEN_VARIABLE } from '../ipc/worker-variables.js'
import { hearFirst } from '../util/hear-first.js'
import { SessionProcess, type SessionProcessOptions } from './session-process.js'
import type { WorkerExit } from './worker-backend.js'

const ENTRY = entryFile('worker/entry/thread/host-entry')
/** A thread in native code does not end when it is told to; nor does any in a process that is stopped. */
const UNSEAT_TIMEOUT_MS = 1_000
/** Its main thread gives up earlier, if it turns. */
const LOOK_TIMEOUT_MS = 1_000
/** Without threads it has only its output to write. */
const END_TIMEOUT_MS = 1_500
/** How many of its threads may listen on the public socket, in all its life: each has a descriptor of its own. */
const SOCKETS = 32

export interface ThreadHostOptions extends Omit<SessionProcessOptions, 'args' | 'descriptors' | 'stdout'> {
  readonly nodeArgs: readonly string[]
  /** The bound public socket; undefined: nobody listens. */
  readonly socketFd: number | undefined
}

/** What a thread is told of itself. */
export interface SeatEvents {
  /** It can be spoken to. */
  onSeated(threadId: number): void
  onMessage(received: unknown): void
  onOutput(text: string): void
  /** Once. */
  onExit(exit: WorkerExit): void
}

interface Seat {
  readonly events: SeatEvents
  /** Its thread has begun. */
  isSeated: boolean
  isUnseated: boolean
}

/** The supervisor's view of one host process and the threads in it; it ends with the last of them, and they with it. */
export class ThreadHost {
  readonly #process: SessionProcess
  readonly #token = randomUUID()
  readonly #seats = new Map<number, Seat>()
  readonly #looks = new Map<number, (outcome: Diagnosis | string) => void>()
  /** Until it is written down. */
  #early: HostCommand[] | undefined = []
  #state: 'open' | 'retired' | 'ending' | 'ended' = 'open'
  /** A thread in it has not ended although it was to. */
  #hasStuck = false
  /** Its main thread has begun one, which it does at once where it turns. */
  #hasSeated = false
  #socketsLeft: number
  #lastId = 0
  /** How the last thread ended, which is told when the process has. */
  #last: { readonly events: SeatEvents; readonly exit: WorkerExit } | undefined

  constructor({ nodeArgs, socketFd, env, ...options }: ThreadHostOptions, onEnded: () => void) {
    this.#socketsLeft = socketFd === undefined ? 0 : SOCKETS
    const args = [...nodeArgs, ENTRY, String(this.#socketsLeft)]
    const sockets = Array.from({ length: this.#socketsLeft }, (_, index) => FIRST_SOCKET_FD + index)
    const descriptors = new Map(sockets.map((fd) => [fd, socketFd as number] as const))
    const own = { ...env, [TOKEN_VARIABLE]: this.#token }
    this.#process = new SessionProcess({ ...options, env: own, args, descriptors, stdout: 'stdout' })
    this.#process.start({
      onEntered: () => this.#enter(),
      onMessage: (received) => this.#receive(received as HostReport),
      onExit: (exit) => {
        onEnded()
        this.#onExit(exit)
      },
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** What the process itself wrote to stderr: its last words when native code has ended it. */
  get lastOutput(): string {
    return this.#process.lastOutput
  }

  /** Can another thread start in it? */
  canSeat(role: SeatCommand['role']): boolean {
    return this.#state === 'open' && (role === 'pool' || this.#socketsLeft > 0)
  }

  /** Starts a thread; its number here. */
  seat(start: Omit<SeatCommand, 'type' | 'seat'>, events: SeatEvents): number {
    const seat = ++this.#lastId
    if (start.role === 'entry') this.#socketsLeft--
    this.#seats.set(seat, { events, isSeated: false, isUnseated: false })
    this.#send({ type: 'seat', seat, ...start })
    return seat
  }

  tell(seat: number, message: object): void {
    this.#send({ type: 'tell', seat, message })
  }

  /** Ends a thread, with no grace. */
  unseat(seat: number): void {
    const found = this.#seats.get(seat)
    if (found === undefined) return
    found.isUnseated = true
    this.#send({ type: 'unseat', seat })
    const onLate = (): void => {
      if (!this.#seats.has(seat)) return
      this.#hasStuck = true
      this.#retire()
      this.#endStuck()
    }
    hearFirst(UNSEAT_TIMEOUT_MS, onLate, { keepsAlive: false })
  }

  look(seat: number): Promise<Diagnosis | string> {
    if (!this.#seats.has(seat)) return Promise.resolve('it has ended')
    const id = ++this.#lastId
    return new Promise((resolve) => {
      this.#looks.set(id, resolve)
      this.#send({ type: 'look', seat, id })
      const late = `its process did not answer within ${LOOK_TIMEOUT_MS} ms`
      hearFirst(LOOK_TIMEOUT_MS, () => this.#answer(id, late), { keepsAlive: false })
    })
  }

  /** No thread will listen on the public socket any more. */
  clearSockets(): void {
    this.#socketsLeft = 0
    this.#send({ type: 'clear' })
  }

  #enter(): void {
    const early = this.#early ?? []
    this.#early = undefined
    this.#send({ type: 'hello', token: this.#token })
    for (const command of early) this.#send(command)
  }

  #send(command: HostCommand): void {
    if (this.#early === undefined) this.#process.send(command)
    else this.#early.push(command)
  }

  #receive(report: HostReport): void {
    switch (report.type) {
      case 'seated':
        this.#onSeated(report.seat, report.threadId)
        return
      case 'told':
        this.#seats.get(report.seat)?.events.onMessage(report.message)
        return
      case 'wrote':
        this.#seats.get(report.seat)?.events.onOutput(report.text)
        return
      case 'seen':
        this.#answer(report.id, report.outcome)
        return
      case 'left':
        this.#onLeft(report)
        return
      case 'terminated':
        this.#retire()
        return
    }
  }

  #onSeated(id: number, threadId: number): void {
    this.#hasSeated = true
    const seat = this.#seats.get(id)
    if (seat === undefined) return
    seat.isSeated = true
    seat.events.onSeated(threadId)
  }

  #answer(id: number, outcome: Diagnosis | string): void {
    this.#looks.get(id)?.(outcome)
    this.#looks.delete(id)
  }

  #onLeft({ seat, code, outOfHeap, error }: SeatLeft): void {
    const found = this.#seats.get(seat)
    if (found === undefined) return
    this.#seats.delete(seat)
    const exit: WorkerExit = {
      code,
      signal: null,
      ...(error !== undefined && { error: new Error(error) }),
      ...(outOfHeap && !found.isUnseated && { outOf: 'heap' }),
    }
    if (this.#seats.size > 0) {
      found.events.onExit(exit)
      this.#endStuck()
      return
    }
    // Whoever waits for the last thread waits for the process: nothing of it is left then.
    this.#state = 'ending'
    this.#last = { events: found.events, exit }
    this.#send({ type: 'end' })
    hearFirst(END_TIMEOUT_MS, () => this.#process.kill(), { keepsAlive: false })
  }

  /** Starts no more threads; as if each of them had been told to stop: the supervisor decides what becomes of it. */
  #retire(): void {
    if (this.#state !== 'open') return
    this.#state = 'retired'
    for (const { events, isUnseated } of this.#seats.values()) {
      if (!isUnseated) events.onMessage(wrapMessage({ type: 'terminated' }))
    }
  }

  /**
   * Threads that do not end when they are told to end with the process, once only such are left in it, and those that a
   * main thread which stands still has not begun.
   */
  #endStuck(): void {
    if (!this.#hasStuck) return
    const isLost = ({ isSeated, isUnseated }: Seat): boolean => isUnseated || (this.#hasSeated && !isSeated)
    if ([...this.#seats.values()].every(isLost)) this.#process.kill()
  }

  #onExit(exit: WorkerExit): void {
    this.#state = 'ended'
    this.#early = undefined
    for (const id of this.#looks.keys()) this.#answer(id, 'it has ended')
    const seats = [...this.#seats.values()]
    this.#seats.clear()
    this.#last?.events.onExit(this.#last.exit)
    for (const { events } of seats) events.onExit(exit)
  }
}
