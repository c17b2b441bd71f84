import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionTable } from './connection-table.js'

/**
 * Has a server end a connection on which nobody asked again in time a turn later than Node would: what was asked in time,
 * while the loop was busy, is still unread then. Limits that somebody has set for a request are left to Node.
 */
export function endIdleLater(server: Server, connections: ConnectionTable): void {
  const end = (socket: Socket): void => {
    const { bytesRead } = socket
    setImmediate(() => socket.bytesRead === bytesRead && socket.destroy())
  }
  // Node does nothing itself where the server has a listener. It asks after this one, which comes first.
  function onTimeout(this: Socket): void {
    if (connections.of(this).isIdle) server.once('timeout', end)
  }
  server.on('connection', (socket: Socket) => socket.prependListener('timeout', onTimeout))
}
