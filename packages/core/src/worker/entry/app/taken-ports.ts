import type { Server } from 'node:net'
import { compareHosts, type ListenTarget } from './listen-target.js'

interface Taken {
  readonly target: ListenTarget
  /** For Node it does not listen: it is held, or another serves for it. */
  isHeld: boolean
}

/** What a server is that is to listen on a port: the only one there, or beside another. */
export type Place =
  | { readonly is: 'first' | 'further' | 'same' }
  /** One for the other address of localhost: the socket there is serves for both. */
  | { readonly is: 'twin'; readonly of: Server }

/** The ports on which servers of this process listen, or are about to. */
export class TakenPorts {
  readonly #taken = new Map<Server, Taken>()

  /** Until `settle` or `release`, whatever Node says of it. */
  take(server: Server, target: ListenTarget): void {
    this.#taken.set(server, { target, isHeld: true })
  }

  /** From now on it has its port for as long as it listens. */
  settle(server: Server): void {
    const taken = this.#taken.get(server)
    if (taken !== undefined) taken.isHeld = false
  }

  release(server: Server): void {
    this.#taken.delete(server)
  }

  has(server: Server): boolean {
    return server.listening || this.#taken.get(server)?.isHeld === true
  }

  place({ port, host }: ListenTarget): Place {
    const others = this.#on(port)
    if (others.length === 0) return { is: 'first' }
    const compared = others.map(([server, { target }]) => ({ server, as: compareHosts(target.host, host) }))
    if (compared.some(({ as }) => as === 'same')) return { is: 'same' }
    const twin = compared.find(({ as }) => as === 'localhost')
    return twin === undefined ? { is: 'further' } : { is: 'twin', of: twin.server }
  }

  #on(port: number): readonly (readonly [Server, Taken])[] {
    for (const server of this.#taken.keys()) if (!this.has(server)) this.#taken.delete(server)
    return [...this.#taken].filter(([, { target }]) => target.port === port)
  }
}
