import { isGiven } from '../config/app-address.js'
import type { ServeSettings } from '../config/serve-settings.js'
import { createError } from '../errors/service-error.js'
import type { AskedSocket, GivenSocket } from '../ipc/protocol.js'
import type { BoundTcp } from '../net/private-api.js'
import { type ListenSocket, openListenSocket } from './listen-socket.js'

type SocketSettings = Pick<ServeSettings, 'host' | 'port' | 'uds' | 'backlog' | 'sources' | 'app'>

type Closable = Pick<ListenSocket, 'close'>

/** What a worker is sent: where the socket is, and the handle itself. */
export interface HandedSocket extends GivenSocket {
  readonly handle: BoundTcp['handle']
}

/** What a worker is sent of a socket. */
export function handOver({ host, port, backlog, handle }: ListenSocket, isPublic: boolean): HandedSocket {
  return { isPublic, address: { host, port }, backlog, handle: handle as BoundTcp['handle'] }
}

interface Opening {
  readonly port: number
  /** As it was asked for. */
  readonly host: string | undefined
  readonly isPublic: boolean
  readonly socket: Promise<ListenSocket>
  /** The generations whose workers have asked for it. */
  readonly askedBy: Set<number>
}

/**
 * The sockets that a host app asks for, each bound once, at the first worker's word, and shared by all. One of them is
 * the public one: that of the port that was given, of the port that the app insists on, or the first that it asks for.
 */
export class AppSockets implements ListenSocket {
  readonly #settings: SocketSettings
  readonly #opening = new Set<Opening>()
  readonly #open = new Set<Closable>()
  #public: ListenSocket | undefined
  #publicPort: number | undefined
  #isClosed = false

  /** `known`: the public one, where it was bound before the app said anything. */
  constructor(settings: SocketSettings, known?: ListenSocket) {
    this.#settings = settings
    if (isGiven(settings, 'port')) this.#publicPort = settings.port
    if (known === undefined) return
    this.#public = known
    this.#publicPort = known.port
    this.#open.add(known)
    const socket = Promise.resolve(known)
    this.#opening.add({ port: known.port, host: undefined, isPublic: true, socket, askedBy: new Set() })
  }

  get fd(): number {
    return this.#public?.fd ?? -1
  }

  get host(): string {
    return this.#public?.host ?? this.#settings.host
  }

  get port(): number {
    return this.#public?.port ?? this.#publicPort ?? 0
  }

  get family(): 4 | 6 {
    return this.#public?.family ?? 4
  }

  get backlog(): number {
    return this.#settings.backlog
  }

  get addresses(): readonly string[] {
    return this.#public?.addresses ?? []
  }

  get url(): string {
    return this.#public?.url ?? ''
  }

  get handle(): BoundTcp['handle'] | undefined {
    return this.#public?.handle
  }

  /** The socket for what the app of a worker of this generation asked to listen on. Rejects when it cannot be bound. */
  async give(asked: AskedSocket, generation: number): Promise<HandedSocket> {
    if (this.#isClosed) throw createError('EKB_ERR_STOPPED_BEFORE_READY', {})
    this.#publicPort ??= asked.port
    const isPublic = this.#isPublic(asked)
    const opening = this.#openingFor(asked, isPublic)
    opening.askedBy.add(generation)
    const socket = await opening.socket
    if (isPublic) this.#public = socket
    return handOver(socket, isPublic)
  }

  #isPublic({ port, which }: AskedSocket): boolean {
    if (which !== undefined) return which === 'public'
    return port === this.#publicPort || port === this.#settings.app?.appPort
  }

  /** What is the app's as well is closed with its sockets. */
  closeWith(other: Closable): void {
    this.#open.add(other)
  }

  /** Closes those beside the public one that only generations have asked for which are no more: nobody accepts on them. */
  trim(isLiving: (generation: number) => boolean): void {
    for (const opening of this.#opening) {
      if (opening.isPublic || [...opening.askedBy].some(isLiving)) continue
      this.#opening.delete(opening)
      const close = (socket: ListenSocket): void => {
        this.#open.delete(socket)
        socket.close()
      }
      opening.socket.then(close, () => {})
    }
  }

  close(): void {
    this.#isClosed = true
    for (const socket of this.#open) socket.close()
  }

  #openingFor(asked: AskedSocket, isPublic: boolean): Opening {
    const port = isPublic ? (this.#publicPort as number) : asked.port
    const known = this.#find({ ...asked, port }, isPublic)
    if (known !== undefined) return known
    const settings = this.#settings
    const host = isPublic && isGiven(settings, 'host') ? settings.host : (asked.host ?? settings.host)
    const socket = this.#bind(host, port)
    const opening: Opening = { port, host: asked.host, isPublic, socket, askedBy: new Set() }
    this.#opening.add(opening)
    // The next worker may try again.
    opening.socket.catch(() => this.#opening.delete(opening))
    return opening
  }

  /** Another address than before makes no other socket of the first on its port: code that is reloaded may name one. */
  #find({ port, host, which }: AskedSocket, isPublic: boolean): Opening | undefined {
    const there = [...this.#opening].filter((opening) => opening.port === port && opening.isPublic === isPublic)
    const exact = there.find((opening) => opening.host === host)
    return exact ?? (which === 'further' ? undefined : there[0])
  }

  async #bind(host: string, port: number): Promise<ListenSocket> {
    const socket = await openListenSocket({ host, port, backlog: this.#settings.backlog })
    this.#open.add(socket)
    if (!this.#isClosed) return socket
    // While it was being opened.
    socket.close()
    throw createError('EKB_ERR_STOPPED_BEFORE_READY', {})
  }
}
