import { Server } from 'node:net'
import { type ListenTarget, parseListen } from './listen-target.js'

/** Listens on what it is given: a descriptor that was inherited, or the handle of a socket. */
export type ListenOn = (where: { readonly fd: number } | object, backlog: number) => void

export interface ListenReplacement {
  /** Is it the port for which the public socket stands? */
  isPublic(target: ListenTarget): boolean
  /** Has a server listen on the public socket, when it may. */
  openPublic(server: Server, target: ListenTarget, listen: ListenOn): void
  /** Has a server listen on a socket that all workers of the app share. */
  openShared(server: Server, target: ListenTarget, listen: ListenOn): void
  /** A server listens on what is the app's own: a Unix socket, a descriptor, any free port. */
  onOwn(server: Server): void
}

/**
 * Replaces `listen` of every server of this process, http's, https' and bare ones: what would be bound by the app gets a
 * socket that the supervisor has bound. Callbacks, promises and `address()` answer as they would.
 */
export function replaceListen({ isPublic, openPublic, openShared, onOwn }: ListenReplacement): void {
  const { listen } = Server.prototype
  const taken = new Map<Server, number>()
  Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
    const target = parseListen(args)
    if (target === undefined) {
      this.once('listening', () => onOwn(this))
      return Reflect.apply(listen, this, args) as Server
    }
    if (taken.has(this)) throw alreadyListening()
    const isSecond = [...taken.values()].includes(target.port)
    taken.set(this, target.port)
    this.once('close', () => taken.delete(this))
    if (target.callback !== undefined) this.once('listening', target.callback)
    // Positional: as an option beside `fd` the backlog is ignored, and the shared socket's is set to 511.
    const listenOn: ListenOn = (where, backlog) => Reflect.apply(listen, this, [where, backlog])
    // One more for the same port, as for the other address of localhost: the socket there is serves for both.
    if (isSecond) setImmediate(() => this.emit('listening'))
    else if (isPublic(target)) openPublic(this, target, listenOn)
    else openShared(this, target, listenOn)
    return this
  } as typeof listen
}

function alreadyListening(): Error {
  const message = 'Listen method has been called more than once without closing.'
  return Object.assign(new Error(message), { code: 'ERR_SERVER_ALREADY_LISTEN' })
}
