import { Server } from 'node:net'
import { type ListenTarget, parseListen } from './listen-target.js'

export interface ListenReplacement {
  /** Is it the port for which the public socket stands? */
  isPublic(target: ListenTarget): boolean
  /** Has the server listen on a descriptor, when it may. */
  open(server: Server, listen: (fd: number, backlog: number) => void): void
}

/**
 * Replaces `listen` of every server of this process, http's, https' and bare ones: what would be bound by the app gets the
 * socket that the supervisor has bound. Callbacks, promises and `address()` answer as they would.
 */
export function replaceListen({ isPublic, open }: ListenReplacement): void {
  const { listen } = Server.prototype
  const taken = new Set<Server>()
  Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
    const target = parseListen(args)
    if (target === undefined || !isPublic(target)) return Reflect.apply(listen, this, args) as Server
    if (taken.has(this)) throw alreadyListening()
    const isFirst = taken.size === 0
    taken.add(this)
    this.once('close', () => taken.delete(this))
    if (target.callback !== undefined) this.once('listening', target.callback)
    // Positional: as an option beside `fd` the backlog is ignored, and the shared socket's is set to 511.
    if (isFirst) open(this, (fd, backlog) => Reflect.apply(listen, this, [{ fd }, backlog]))
    // One more for the same port, as for the other address of localhost: the public socket serves for both.
    else setImmediate(() => this.emit('listening'))
    return this
  } as typeof listen
}

function alreadyListening(): Error {
  const message = 'Listen method has been called more than once without closing.'
  return Object.assign(new Error(message), { code: 'ERR_SERVER_ALREADY_LISTEN' })
}
