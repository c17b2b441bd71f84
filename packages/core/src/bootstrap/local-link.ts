import type { SupervisorMessage, WorkerMessage } from '../ipc/protocol.js'
import type { SupervisorLink } from '../worker/entry/supervisor-link.js'
import type { LocalWorker } from '../worker/local-backend.js'

type Listener = (message: SupervisorMessage, handle: unknown) => void
type MessageOf<TType extends SupervisorMessage['type']> = Extract<SupervisorMessage, { readonly type: TType }>

/** The worker's end of the way to its supervisor, where both are in one process. */
export class LocalLink implements LocalWorker, Pick<SupervisorLink, 'on' | 'next' | 'send'> {
  readonly #listeners = new Map<SupervisorMessage['type'], Listener>()
  #tell: ((message: WorkerMessage) => void) | undefined
  /** Ends what this process is as a worker. */
  leave: () => void = () => {}

  begin(tell: (message: WorkerMessage) => void, leave: () => void): boolean {
    if (this.#tell !== undefined) return false
    this.#tell = tell
    this.leave = leave
    return true
  }

  hear(message: SupervisorMessage): void {
    this.#listeners.get(message.type)?.(message, undefined)
  }

  on<TType extends SupervisorMessage['type']>(
    type: TType,
    listener: (message: MessageOf<TType>, handle: unknown) => void,
  ): void {
    this.#listeners.set(type, listener as Listener)
  }

  next<TType extends SupervisorMessage['type']>(type: TType): Promise<MessageOf<TType>> {
    return new Promise((resolve) => this.on(type, resolve))
  }

  async send(message: WorkerMessage): Promise<void> {
    this.#tell?.(message)
  }
}
