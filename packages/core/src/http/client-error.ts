import { maxHeaderSize, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { toPublicError } from '../errors/public-error.js'
import { createError } from '../errors/service-error.js'
import type { Connection } from './connection-table.js'
import { errorAnswer } from './error-answer.js'

/** A client that does not close its side after the answer is cut off then. */
const LINGER_MS = 1_000

/** What Node's parser has against a connection; undefined: the connection itself broke, nobody is there to be told. */
export function toRequestError(error: NodeJS.ErrnoException & { reason?: unknown }): Error | undefined {
  switch (error.code) {
    case 'ECONNRESET':
    case 'EPIPE':
    case 'EPROTO':
    // It ended in the middle of a request.
    case 'HPE_INVALID_EOF_STATE':
      return undefined
    case 'HPE_HEADER_OVERFLOW':
      return createError('EKB_ERR_HTTP_HEADERS_TOO_LARGE', { limit: maxHeaderSize }, { cause: error })
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return createError('EKB_ERR_HTTP_SLOW_REQUEST', {}, { cause: error })
    default: {
      if (error.code?.startsWith('ERR_SSL_')) return undefined
      const reason = typeof error.reason === 'string' ? error.reason : error.message
      return createError('EKB_ERR_HTTP_MALFORMED', { reason }, { cause: error })
    }
  }
}

/** Answers on a connection whose request never became one, and ends it. */
export function answerRaw({ socket }: Connection, error: Error, requestId: string): void {
  socket.on('error', () => socket.destroy())
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const { statusCode, headers, body } = errorAnswer(toPublicError(error), requestId)
  const lines = [`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? ''}`]
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`)
  lines.push(`content-length: ${Buffer.byteLength(body as string)}`, `x-request-id: ${requestId}`, 'connection: close')
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body as string}`)
  destroyAfterLinger(socket)
}

/** Closed at once, with bytes of the client's unread, the kernel would reset the connection and lose the answer. */
function destroyAfterLinger(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
}
