import { decodeError } from '../../../errors/error-codec.js'
import { createError } from '../../../errors/service-error.js'
import {
  type AskedSocket,
  type GivenSocket,
  type InitMessage,
  PUBLIC_SOCKET_FD,
  SLOT_SOCKET_FD,
  type SocketMessage,
} from '../../../ipc/protocol.js'
import { type Deferred, deferred } from '../../../util/deferred.js'
import type { SupervisorLink } from '../supervisor-link.js'

/** What `listen` takes a socket by. */
export type SocketSource = { readonly fd: number } | object

/** A socket that the supervisor has bound. */
export interface ReceivedSocket extends Omit<GivenSocket, 'isPublic'> {
  readonly where: SocketSource
}

/** Gets sockets of the supervisor: those that were inherited, and what is asked for. */
export class SocketRequests {
  readonly #link: SupervisorLink
  readonly #asked = new Map<number, Deferred<ReceivedSocket>>()
  /** Who listens on a descriptor closes it: it is given once. */
  readonly #inherited = new Set([PUBLIC_SOCKET_FD, SLOT_SOCKET_FD])
  #lastId = 0

  constructor(link: SupervisorLink) {
    this.#link = link
    link.on('socket', (message, handle) => this.#take(message, handle))
  }

  /** That of the app's clients: inherited where it was bound before the app said anything, else asked for. */
  async givePublic({ http }: Pick<InitMessage, 'http'>, asked: AskedSocket): Promise<ReceivedSocket> {
    if (http === undefined) return this.ask(asked)
    if (this.#inherited.delete(PUBLIC_SOCKET_FD)) return { ...http, where: { fd: PUBLIC_SOCKET_FD } }
    return this.ask({ ...asked, which: 'public' })
  }

  /** That of this worker's slot, which is inherited. */
  async giveSlot(): Promise<SocketSource> {
    if (this.#inherited.delete(SLOT_SOCKET_FD)) return { fd: SLOT_SOCKET_FD }
    return (await this.ask({ port: 0, host: undefined, which: 'slot' })).where
  }

  /** Rejects with why it could not be bound. */
  async ask({ port, host, which }: AskedSocket): Promise<ReceivedSocket> {
    const id = ++this.#lastId
    const answer = deferred<ReceivedSocket>()
    this.#asked.set(id, answer)
    await this.#link.send({ type: 'wants-socket', id, port, host, which })
    return answer.promise
  }

  #take({ id, socket, error }: SocketMessage, handle: unknown): void {
    const answer = this.#asked.get(id)
    this.#asked.delete(id)
    if (socket !== undefined && typeof handle === 'object' && handle !== null) {
      answer?.resolve({ ...socket, where: handle })
      return
    }
    const reason = 'a socket came without its handle'
    answer?.reject(error === undefined ? createError('EKB_ERR_WORKER_PROTOCOL', { reason }) : decodeError(error))
  }
}
