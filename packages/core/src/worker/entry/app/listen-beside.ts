import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { SocketSource } from './socket-requests.js'

export interface BesideOptions {
  readonly where: SocketSource
  readonly backlog: number
  /** Told of each connection before the server is. */
  readonly onSocket: (socket: Socket) => void
}

/**
 * Has a server take connections of one more socket, beside the one that it listens on: it gets each as if it had
 * accepted it. Resolves with what accepts, which ends with the server.
 */
export async function listenBeside(server: Server, { where, backlog, onSocket }: BesideOptions): Promise<Server> {
  // As `net` keeps them on each server, and applies them where it accepts.
  const { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay } = server as Server & AcceptOptions
  const options = { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay }
  const beside = createServer(options, (socket: Socket & { server?: Server }) => {
    socket.server = server
    onSocket(socket)
    server.emit('connection', socket)
  })
  server.once('close', () => beside.close())
  // Positional: as an option beside `fd` the backlog is ignored.
  beside.listen(where, backlog)
  await once(beside, 'listening')
  return beside
}

interface AcceptOptions {
  readonly allowHalfOpen: boolean
  readonly pauseOnConnect: boolean
  readonly noDelay: boolean
  readonly keepAlive: boolean
  readonly keepAliveInitialDelay: number
}
