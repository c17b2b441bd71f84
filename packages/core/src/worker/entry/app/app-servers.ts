import type { Server } from 'node:net'
import type { AppRequests } from './app-requests.js'
import { type AppEncryption, AppServer } from './app-server.js'
import { drainOptions, type Farewell } from './drain-options.js'

export interface OpenedAs {
  readonly isPublic: boolean
  readonly encryption?: AppEncryption | undefined
}

/** The servers of an app that are on shared sockets. */
export class AppServers {
  readonly #requests: AppRequests
  /** A server that was closed may listen again. */
  readonly #known = new WeakMap<Server, AppServer>()
  /** Those that listen, or have connections still; of each whether it is its clients'. */
  readonly #open = new Map<AppServer, boolean>()

  constructor(requests: AppRequests) {
    this.#requests = requests
  }

  /** One that is about to listen. */
  open(server: Server, { isPublic, encryption }: OpenedAs): AppServer {
    const served = this.#known.get(server) ?? new AppServer(server, this.#requests, encryption)
    this.#known.set(server, served)
    this.#open.set(served, isPublic)
    server.once('close', () => {
      if (!server.listening) this.#open.delete(served)
    })
    return served
  }

  /** Does it nothing with a connection? Whoever only looks whether a port is free listens there with such a one. */
  isBare(server: Server): boolean {
    return this.#known.get(server)?.isBare ?? server.listenerCount('connection') === 0
  }

  /** Does one listen where its clients come? */
  get isPublic(): boolean {
    return [...this.#open].some(([{ server }, isPublic]) => isPublic && server.listening)
  }

  get connections(): number {
    return [...this.#open.keys()].reduce((sum, { connections }) => sum + connections, 0)
  }

  discourage(): void {
    for (const server of this.#open.keys()) server.discourage()
  }

  /** Of a server that has most of them. */
  shed(connections: number): void {
    const [most] = [...this.#open.keys()].toSorted((a, b) => b.connections - a.connections)
    most?.shed(connections)
  }

  /** Sets the times of a drain anew. */
  hurry(times: Farewell): void {
    for (const server of this.#open.keys()) void server.drain(drainOptions(times), {})
  }

  /** Resolves with what was cut. `onWithdrawn`: none accepts any more. */
  async drain(times: Farewell, onWithdrawn: () => void): Promise<readonly string[]> {
    const servers = [...this.#open.keys()]
    let accepting = servers.length
    const onOne = (): void => {
      accepting--
      if (accepting === 0) onWithdrawn()
    }
    const reports = await Promise.all(
      servers.map((server) => server.drain(drainOptions(times), { onWithdrawn: onOne })),
    )
    return reports.flatMap(({ cut }) => cut)
  }
}
