import { Server as HttpServer } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import type { Server, Socket } from 'node:net'

/**
 * Those of a server's connections on which Node receives no request and owes no answer: those that its
 * `closeIdleConnections` would close, asked without closing any. One that never sent a byte is not among them. None where
 * Node cannot be asked.
 *
 * @param sockets all that it has: an idle one that is left out would be closed
 */
export function idleByNode(server: Server, sockets: Iterable<Socket>): ReadonlySet<Socket> {
  const idle = new Set<Socket>()
  if (!isAskable(server)) return idle
  const held = [...sockets].map((socket) => holdOpen(socket, () => idle.add(socket)))
  try {
    HttpServer.prototype.closeIdleConnections.call(server)
  } finally {
    for (const release of held) release()
  }
  return idle
}

/** Does Node tell what goes on on its connections: which answer is being given, where a request is half received? */
export function isAskable(server: Server): boolean {
  return server instanceof HttpServer || server instanceof HttpsServer
}

function holdOpen(socket: Socket, onDestroy: () => void): () => void {
  const own = Object.getOwnPropertyDescriptor(socket, 'destroy')
  const destroy = (): Socket => {
    onDestroy()
    return socket
  }
  Object.defineProperty(socket, 'destroy', { value: destroy, configurable: true })
  return () => {
    if (own === undefined) Reflect.deleteProperty(socket, 'destroy')
    else Object.defineProperty(socket, 'destroy', own)
  }
}
