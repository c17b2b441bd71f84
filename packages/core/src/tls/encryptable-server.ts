import { Server as HttpServer } from 'node:http'
import type { Server as NetServer } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { createError } from '../errors/service-error.js'

/**
 * The server of an app, which is to be encrypted, if it can be.
 *
 * @throws EKB_ERR_TLS_APP_SERVER
 */
export function encryptableServer(server: NetServer): HttpServer {
  if (server instanceof HttpServer) return server
  const isEncrypted = server instanceof TlsServer
  const what = isEncrypted
    ? 'a server that encrypts by itself'
    : `a ${server.constructor.name} that is none of node:http`
  throw createError('EKB_ERR_TLS_APP_SERVER', { server: what })
}
