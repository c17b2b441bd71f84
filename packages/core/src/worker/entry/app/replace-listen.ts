import { Server } from 'node:net'
import { createError } from '../../../errors/service-error.js'
import { socketAddress } from '../../../net/socket-url.js'

import { type ListenTarget, parseListen } from './listen-target.js'
import { nodeListenError } from './node-listen-error.js'
import { TakenPorts } from './taken-ports.js'

/** Listens on what it is given: a descriptor that was inherited, or the handle of a socket. */
export type ListenOn = (where: { readonly fd: number } | object, backlog: number) => void

/** A server that is to listen. */
export interface Listening {
  readonly server: Server
  readonly target: ListenTarget
  /** It is not the first on its port: what it gets has an address of its own. */
  readonly isFurther: boolean
  readonly listen: ListenOn
}

export interface ListenReplacement {
  /** Is it the port for which the public socket stands? */
  isPublic(target: ListenTarget): boolean
  /** Has a server listen on the public socket, when it may. Rejects with why it cannot. */
  openPublic(listening: Listening): Promise<void>
  /** Has a server listen on a socket that all workers of the app share. */
  openShared(listening: Listening): Promise<void>
  /** A server listens on what is the app's own: a Unix socket, a descriptor, any free port. */
  onOwn(server: Server): void
}

/**
 * Replaces `listen` of every server of this process, http's, https' and bare ones: what would be bound by the app gets a
 * socket that the supervisor has bound. Callbacks, promises, errors and `address()` are as they would be.
 */
export function replaceListen({ isPublic, openPublic, openShared, onOwn }: ListenReplacement): void {
  const { listen } = Server.prototype
  const ports = new TakenPorts()

  const open = async (server: Server, target: ListenTarget, listenOn: ListenOn): Promise<void> => {
    const place = ports.place(target)
    ports.take(server, target)
    switch (place.is) {
      case 'same':
        throw inUse(target)
      case 'twin':
        return joinTwin(server, place.of)
      default: {
        const listening = { server, target, isFurther: place.is === 'further', listen: listenOn }
        if (place.is === 'first' && isPublic(target)) await openPublic(listening)
        else await openShared(listening)
        ports.settle(server)
      }
    }
  }

  const joinTwin = (server: Server, twin: Server): void => {
    sayAddress(server, () => twin.address())
    server.once('close', () => ports.release(server))
    setImmediate(() => server.emit('listening'))
  }

  /** As Node does: a turn later, when it may be tried again. Who does not listen for it gets the error that explains. */
  const refuse = async (server: Server, target: ListenTarget, error: unknown): Promise<void> => {
    const asNode = await nodeListenError(error, target)
    process.nextTick(() => {
      ports.release(server)
      server.emit('error', server.listenerCount('error') > 0 ? asNode : error)
    })
  }

  Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
    const target = parseListen(args)
    if (target === undefined) {
      this.once('listening', () => onOwn(this))
      return Reflect.apply(listen, this, args) as Server
    }
    if (ports.has(this)) throw alreadyListening()
    if (target.callback !== undefined) this.once('listening', target.callback)
    // Positional: as an option beside `fd` the backlog is ignored, and the shared socket's is set to 511.
    const listenOn: ListenOn = (where, backlog) => Reflect.apply(listen, this, [where, backlog])
    open(this, target, listenOn).catch((error: unknown) => refuse(this, target, error))
    return this
  } as typeof listen
}

/** For as long as it listens: Node would tell no such address of it. */
export function sayAddress(server: Server, address: Server['address']): void {
  server.address = address
  // Before the app is told.
  server.prependOnceListener('close', () => Reflect.deleteProperty(server, 'address'))
}

function inUse({ host = '::', port }: ListenTarget): Error {
  const cause = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' })
  const params = { address: socketAddress(host, port), owner: 'another server of this app' }
  return createError('EKB_ERR_SOCKET_IN_USE', params, { cause })
}

function alreadyListening(): Error {
  const message = 'Listen method has been called more than once without closing.'
  return Object.assign(new Error(message), { code: 'ERR_SERVER_ALREADY_LISTEN' })
}
