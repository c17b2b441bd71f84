import type { Server as HttpServer } from 'node:http'
import { createServer, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { encryptServer } from '../tls/encrypt-server.js'
import type { HandshakeFailures } from '../tls/handshake-failures.js'
import type { TlsIdentity } from '../tls/tls-identity.js'
import type { ConnectionTable } from './connection-table.js'
import { SessionConnection } from './session-connection.js'

/** Requests that one connection may have open; as many as other servers allow. */
const MAX_STREAMS = 128

export interface EncryptHostOptions {
  readonly identity: TlsIdentity
  readonly handshakeTimeoutMs: number | undefined
  readonly failures: HandshakeFailures
  readonly connections: ConnectionTable
  readonly keepAliveTimeoutMs: number
  /** Does it speak HTTP/2 as well? */
  readonly offersHttp2: boolean
  onStream(incoming: Http2ServerRequest, outgoing: Http2ServerResponse, expectsContinue: boolean): void
}

/** Has the built-in host speak TLS: HTTP/1.1 through its own server, HTTP/2 through another that never listens. */
export function encryptHost(server: HttpServer, options: EncryptHostOptions): void {
  const { identity, handshakeTimeoutMs, failures, connections, offersHttp2 } = options
  encryptServer(server, {
    identity,
    handshakeTimeoutMs,
    onAccepted: connections.carry,
    onFailed: failures.note,
    onHttp2: offersHttp2 ? http2Listener(options) : undefined,
  })
}

function http2Listener(options: EncryptHostOptions): (socket: TLSSocket) => void {
  const { connections, keepAliveTimeoutMs, onStream } = options
  const server = createServer({ settings: { maxConcurrentStreams: MAX_STREAMS } })
  let accepted: TLSSocket | undefined
  server.on('session', (session: ServerHttp2Session) => {
    const connection = new SessionConnection(accepted as TLSSocket, session)
    connections.join(connection)
    // By activity of any kind; what runs for longer without a sound is not idle.
    session.setTimeout(keepAliveTimeoutMs)
    // A turn later: what lies unread in a socket while the loop was busy is a request, not silence.
    session.on('timeout', () => setImmediate(() => connection.endIdle()))
  })
  server.on('request', (incoming, outgoing) => onStream(incoming, outgoing, false))
  server.on('checkContinue', (incoming, outgoing) => onStream(incoming, outgoing, true))
  server.on('checkExpectation', (incoming, outgoing) => onStream(incoming, outgoing, false))
  return (socket) => {
    accepted = socket
    // As accepted for HTTP/1.1, which looks after that itself: a client that has left would not be noticed.
    socket.allowHalfOpen = false
    // The session is made before this returns.
    server.emit('connection', socket)
  }
}
