import type { Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'
import { createServer, TLSSocket, type TlsOptions } from 'node:tls'
import type { TlsIdentity } from './tls-identity.js'

/** A client that has not said who it is by then is sent away. */
const HANDSHAKE_TIMEOUT_MS = 10_000

export interface EncryptionOptions {
  readonly identity: TlsIdentity
  /** Default: 10 s. */
  readonly handshakeTimeoutMs?: number | undefined
  /** A connection was accepted, and how it is encrypted has still to be agreed on. */
  onAccepted(socket: Socket): void
  /** That came to nothing; the socket is destroyed. */
  onFailed(error: NodeJS.ErrnoException, socket: TLSSocket): void
  /** Takes a connection of a client that chose HTTP/2; without it none is offered that. */
  readonly onHttp2?: ((socket: TLSSocket) => void) | undefined
}

/**
 * Has a server of node:http speak TLS. It listens, and is drained and closed, as before: what it accepts goes through
 * TLS first, and all who listen for its connections, Node's own parser among them, get the encrypted socket
 * (`socket.encrypted`).
 */
export function encryptServer(server: HttpServer, options: EncryptionOptions): void {
  const { onAccepted, onFailed, onHttp2 } = options
  const emit = server.emit as (event: string | symbol, ...args: unknown[]) => boolean
  const tls = createServer(tlsOptions(options))
  tls.on('secureConnection', (socket) => {
    socket.allowHalfOpen = true
    if (onHttp2 !== undefined && socket.alpnProtocol === 'h2') onHttp2(socket)
    else emit.call(server, 'connection', socket)
  })
  tls.on('tlsClientError', (error, socket) => {
    onFailed(error, socket)
    // After its timeout Node leaves it open.
    socket.destroy()
  })
  server.emit = function (this: HttpServer, event: string | symbol, ...args: unknown[]): boolean {
    const [socket] = args
    if (event !== 'connection' || socket instanceof TLSSocket) {
      return Reflect.apply(emit, this, [event, ...args]) as boolean
    }
    const carrier = socket as Socket
    onAccepted(carrier)
    // Whoever says that it is done before the handshake is let go: it would be waited for, as node:http lets clients end
    // their side and read on.
    carrier.allowHalfOpen = false
    return tls.emit('connection', carrier)
  } as typeof server.emit
}

function tlsOptions({ identity, handshakeTimeoutMs, onHttp2 }: EncryptionOptions): TlsOptions {
  const { cert, key, ca, clientCert, ciphers, minVersion, ticketKeys, sessionContext } = identity
  return {
    cert,
    key,
    minVersion,
    handshakeTimeout: handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
    ALPNProtocols: onHttp2 === undefined ? ['http/1.1'] : ['h2', 'http/1.1'],
    ticketKeys: Buffer.from(ticketKeys, 'base64'),
    sessionIdContext: sessionContext,
    honorCipherOrder: true,
    ...(ciphers !== undefined && { ciphers }),
    ...(ca !== undefined && { ca }),
    ...(clientCert !== undefined && { requestCert: true, rejectUnauthorized: clientCert === 'required' }),
  }
}
