import type { AddressInfo, Server } from 'node:net'
import { createError } from '../errors/service-error.js'

export type ListenTarget =
  | { readonly fd: number; readonly backlog: number }
  | { readonly port: number; readonly host: string; readonly backlog: number }
  | { readonly path: string; readonly backlog: number }

/**
 * Listens, and resolves with the address that the socket really has: the caller compares it with its plan.
 * undefined: a Unix socket, whose descriptor tells Node nothing.
 */
export function listen(server: Server, target: ListenTarget): Promise<AddressInfo | undefined> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening)
      reject(listenError(error, describeTarget(target)))
    }
    const onListening = (): void => {
      server.off('error', onError)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address : undefined)
    }
    server.once('error', onError)
    server.once('listening', onListening)
    // Positional: as an option beside `fd` the backlog is ignored, and the shared socket's is set to 511.
    if ('fd' in target) server.listen({ fd: target.fd }, target.backlog)
    else if ('path' in target) server.listen({ path: target.path, backlog: target.backlog, exclusive: true })
    else server.listen({ port: target.port, host: target.host, backlog: target.backlog })
  })
}

function describeTarget(target: ListenTarget): string {
  if ('fd' in target) return `descriptor ${target.fd}`
  return 'path' in target ? target.path : `${target.host}:${target.port}`
}

/** What a failed `listen` means, as an error of ours. */
export function listenError(error: NodeJS.ErrnoException, address: string): Error {
  if (error.code === 'EADDRINUSE') {
    return createError('EKB_ERR_SOCKET_IN_USE', { address, owner: undefined }, { cause: error })
  }
  const code =
    error.code === 'EACCES' || error.code === 'EPERM' ? 'EKB_ERR_SOCKET_DENIED' : 'EKB_ERR_SOCKET_UNAVAILABLE'
  return createError(code, { address, reason: error.message }, { cause: error })
}
