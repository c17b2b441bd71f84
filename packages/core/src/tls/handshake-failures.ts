import type { TLSSocket } from 'node:tls'
import type { CountTable } from '../metrics/count-table.js'
import type { Logger } from '../observe/logger.js'
import { type HandshakeFailure, handshakeFailure } from './handshake-failure.js'

/** Whoever scans ports must not be able to fill a disk: so often each reason has a line in the log. */
const LOG_EVERY_MS = 60_000

/** Connections that never came to be encrypted: each is counted, and now and then one is logged. */
export class HandshakeFailures {
  readonly #log: Logger
  readonly #counts: CountTable | undefined
  readonly #seen = new Map<HandshakeFailure, { at: number; unsaid: number }>()

  constructor(log: Logger, counts: CountTable | undefined) {
    this.#log = log
    this.#counts = counts
  }

  readonly note = (error: NodeJS.ErrnoException, socket: TLSSocket): void => {
    const code = error.code ?? ''
    const { remoteAddress } = socket
    // Declared as an error, it is the code of one.
    const unauthorized = (socket.authorizationError ?? undefined) as unknown as string | undefined
    const reason = handshakeFailure(code, unauthorized)
    this.#counts?.add(reason, 0, 0)
    const fields = { reason, code: unauthorized ?? code, remoteAddress }
    // Balancers look whether a port is open by doing no more than this.
    if (reason === 'disconnected') this.#log.debug(fields, 'TLS handshake failed')
    else this.#say(reason, fields)
  }

  #say(reason: HandshakeFailure, fields: object): void {
    const now = performance.now()
    const seen = this.#seen.get(reason)
    if (seen !== undefined && now - seen.at < LOG_EVERY_MS) {
      seen.unsaid++
      return
    }
    const before = seen?.unsaid ?? 0
    this.#seen.set(reason, { at: now, unsaid: 0 })
    this.#log.warn({ ...fields, ...(before > 0 && { notLogged: before }) }, 'TLS handshake failed')
  }
}
