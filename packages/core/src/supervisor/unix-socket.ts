import { chmodSync, lchownSync, lstatSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { createError, isServiceError, type ServiceError } from '../errors/service-error.js'
import { type BoundSocket, bindUnix } from '../net/private-api.js'
import {
  checkSocketPath,
  type FileIdentity,
  fileIdentity,
  freeSocketPath,
  inUse,
  type SocketPath,
  unavailable,
} from '../net/socket-path.js'
import { socketUrl } from '../net/socket-url.js'
import { once } from '../util/once.js'
import type { ListenSocket } from './listen-socket.js'

export interface UnixSocketOptions extends SocketPath {
  /** Who may connect: permission bits. */
  readonly mode: number
  readonly backlog: number
  /** Whose the file is to be; undefined: ours. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
}

/** Binds and claims a Unix socket: from then on clients that connect wait in its backlog. */
export async function openUnixSocket(options: UnixSocketOptions): Promise<ListenSocket> {
  const { path, option, backlog } = options
  const at: SocketPath = { path, option }
  checkSocketPath(at)
  if (lstatSync(dirname(path), { throwIfNoEntry: false }) === undefined) {
    throw unavailable(at, `its folder ${dirname(path)} does not exist`)
  }
  await freeSocketPath(at)
  let opened: { readonly bound: BoundSocket; readonly identity: FileIdentity | undefined }
  try {
    opened = open(options)
  } catch (error) {
    throw await socketError(error, at)
  }
  const { bound, identity } = opened
  const close = once(() => closeAt(path, bound, identity))
  const url = socketUrl(path, 0)
  return { fd: bound.fd, handle: bound.handle, host: path, port: 0, family: 4, backlog, addresses: [path], url, close }
}

/** Nobody can connect before `listen`, which comes when mode and owner are as they should be. All in one turn. */
function open({ path, mode, backlog, owner }: UnixSocketOptions) {
  const bound = bindWithMode(path, mode)
  try {
    // Of a link that somebody put there meanwhile, the link's own.
    if (owner !== undefined) lchownSync(path, owner.uid, owner.gid)
    bound.listen(backlog)
    return { bound, identity: fileIdentity(path) }
  } catch (error) {
    bound.close()
    throw error
  }
}

/**
 * The file comes into being with its mode: a chmod afterwards goes by the path, and where others may write to the folder
 * it would be another file by then. The umask is that of the whole process, and changed for this one call; a thread
 * may not change it.
 */
function bindWithMode(path: string, mode: number): BoundSocket {
  if (!isMainThread) {
    const bound = bindUnix(path)
    chmodSync(path, mode)
    return bound
  }
  const before = process.umask(0o777 & ~mode)
  try {
    return bindUnix(path)
  } finally {
    process.umask(before)
  }
}

/** Node removes whatever is at the path: one that somebody else put there meanwhile is kept out of its way. */
function closeAt(path: string, bound: BoundSocket, identity: FileIdentity | undefined): void {
  const there = fileIdentity(path)
  if (there === undefined || there === identity) return bound.close()
  const aside = `${path}.${process.pid}`
  renameSync(path, aside)
  bound.close()
  renameSync(aside, path)
}

async function socketError(error: unknown, at: SocketPath): Promise<ServiceError> {
  if (isServiceError(error)) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return inUse(at, error)
  if (code === 'EACCES' || code === 'EPERM') {
    const { path: address, option } = at
    return createError(
      'EKB_ERR_SOCKET_DENIED',
      { address, reason: `permission denied (${code})`, option },
      { cause: error },
    )
  }
  return unavailable(at, code ?? message, error)
}
