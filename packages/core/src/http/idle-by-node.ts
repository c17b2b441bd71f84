import { Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Those of a server's connections on which Node receives no request and owes no answer: those that its
 * `closeIdleConnections` would close, asked without closing any. One that never sent a byte is not among them.
 */
export function idleByNode(server: HttpServer, sockets: Iterable<Socket>): ReadonlySet<Socket> {
  const idle = new Set<Socket>()
  const held = [...sockets].map((socket) => holdOpen(socket, () => idle.add(socket)))
  try {
    HttpServer.prototype.closeIdleConnections.call(server)
  } finally {
    for (const release of held) release()
  }
  return idle
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
