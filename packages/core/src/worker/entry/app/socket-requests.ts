import { decodeError } from '../../../errors/error-codec.js'
import { createError } from '../../../errors/service-error.js'
import type { AskedSocket, GivenSocket, SocketMessage } from '../../../ipc/protocol.js'
import { type Deferred, deferred } from '../../../util/deferred.js'
import type { SupervisorLink } from '../supervisor-link.js'

/** A socket that the supervisor has bound, and what `listen` takes it by. */
export interface ReceivedSocket extends GivenSocket {
  readonly where: object
}

/** Asks the supervisor for sockets that it has not passed on when it started this process. */
export class SocketRequests {
  readonly #link: SupervisorLink
  readonly #asked = new Map<number, Deferred<ReceivedSocket>>()
  #lastId = 0

  constructor(link: SupervisorLink) {
    this.#link = link
    link.on('socket', (message, handle) => this.#take(message, handle))
  }

  /** Rejects with why it could not be bound. */
  async ask({ port, host }: AskedSocket): Promise<ReceivedSocket> {
    const id = ++this.#lastId
    const answer = deferred<ReceivedSocket>()
    this.#asked.set(id, answer)
    await this.#link.send({ type: 'wants-socket', id, port, host })
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
