import { parseSupervisorMessage, type SupervisorMessage, type WorkerMessage, wrapMessage } from '../../ipc/protocol.js'
import type { SupervisorChannel } from './supervisor-channel.js'

type MessageOf<TType extends SupervisorMessage['type']> = Extract<SupervisorMessage, { readonly type: TType }>
type Listener = (message: SupervisorMessage, handle: unknown) => void

/** The worker's end of the channel to its supervisor. */
export class SupervisorLink {
  readonly #channel: SupervisorChannel
  readonly #listeners = new Map<SupervisorMessage['type'], Listener>()
  /** What came before anyone listened for it. */
  readonly #early = new Map<SupervisorMessage['type'], SupervisorMessage>()

  constructor(channel: SupervisorChannel, onLost: () => void) {
    this.#channel = channel
    channel.open({
      onMessage: (received, handle) => {
        const message = parseSupervisorMessage(received)
        if (message !== undefined) this.#deliver(message, handle)
      },
      onLost,
    })
  }

  on<TType extends SupervisorMessage['type']>(
    type: TType,
    listener: (message: MessageOf<TType>, handle: unknown) => void,
  ): void {
    this.#listeners.set(type, listener as Listener)
    const early = this.#early.get(type)
    if (early !== undefined) this.#deliver(early)
  }

  next<TType extends SupervisorMessage['type']>(type: TType): Promise<MessageOf<TType>> {
    return new Promise((resolve) => this.on(type, resolve))
  }

  /** Resolves when the message is handed on, or can no longer be. */
  send(message: WorkerMessage): Promise<void> {
    return this.#channel.send(wrapMessage(message))
  }

  #deliver(message: SupervisorMessage, handle?: unknown): void {
    this.#early.delete(message.type)
    const listener = this.#listeners.get(message.type)
    if (listener === undefined) this.#early.set(message.type, message)
    else listener(message, handle)
  }
}
