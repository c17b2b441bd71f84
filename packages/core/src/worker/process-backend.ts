import type { Socket } from 'node:net'
import { entryFile } from '../entry-file.js'
import {
  PUBLIC_SOCKET_FD,
  SLOT_SOCKET_FD,
  type SupervisorMessage,
  type WorkerRole,
  wrapMessage,
} from '../ipc/protocol.js'
import { type Diagnosis, WATCH_LINE_FD } from '../ipc/watch-line.js'
import type { SendableHandle } from '../net/private-api.js'
import { type Descriptor, SessionProcess, type SessionProcessOptions } from './session-process.js'
import type { WorkerBackend, WorkerBackendEvents } from './worker-backend.js'

const ENTRY = entryFile('worker/entry/process-entry')
const APP_PRELOAD = entryFile('worker/entry/app/app-preload')

export interface ProcessBackendOptions extends Omit<SessionProcessOptions, 'args' | 'descriptors'> {
  readonly nodeArgs: readonly string[]
  /** What it will serve: it loads the code for that while it waits for its first word. */
  readonly role: WorkerRole
  /** The main file of a host app, with its arguments; undefined: it runs a service. */
  readonly main?: readonly string[] | undefined
  /** The bound public socket, for entry workers. */
  readonly socketFd: number | undefined
  /** That of its own slot, for those that have one. */
  readonly slotSocketFd?: number | undefined
}

/** A worker in a process of its own. */
export class ProcessBackend implements WorkerBackend {
  readonly threadId = undefined
  readonly #process: SessionProcess

  constructor({ nodeArgs, role, main, socketFd, slotSocketFd, ...options }: ProcessBackendOptions) {
    // Before what the user has Node load beforehand, which is to see nothing of ours either.
    const args = main === undefined ? [...nodeArgs, ENTRY, role] : ['--require', APP_PRELOAD, ...nodeArgs, ...main]
    const descriptors = new Map<number, Descriptor>([[WATCH_LINE_FD, 'pipe']])
    if (socketFd !== undefined) descriptors.set(PUBLIC_SOCKET_FD, socketFd)
    if (slotSocketFd !== undefined) descriptors.set(SLOT_SOCKET_FD, slotSocketFd)
    this.#process = new SessionProcess({ ...options, args, descriptors })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get lastOutput(): string {
    return this.#process.lastOutput
  }

  start({ onSpawned, onMessage, onExit }: WorkerBackendEvents): void {
    this.#process.start({ onEntered: onSpawned, onMessage, onExit })
    // Broken when the worker ends, which its exit event says.
    this.#watchLine?.setEncoding('utf8').on('error', () => {})
  }

  send(message: SupervisorMessage, handle?: SendableHandle): void {
    this.#process.send(wrapMessage(message), handle)
  }

  async diagnose(): Promise<Diagnosis | string> {
    const { askDiagnosis } = await import('./ask-diagnosis.js')
    return askDiagnosis(this.#watchLine)
  }

  kill(): void {
    this.#process.kill()
  }

  get #watchLine(): Socket | undefined {
    return this.#process.stream(WATCH_LINE_FD) as Socket | undefined
  }
}
