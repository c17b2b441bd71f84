import { type BigIntStats, linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { createError, type ServiceError } from '../errors/service-error.js'

/** The kernel takes 107 bytes (macOS 103), and Node 20 would cut a longer path in silence. */
export const SOCKET_PATH_LIMIT = 100

/** Where a Unix socket is to be, and the option that says it. */
export interface SocketPath {
  /** Absolute. */
  readonly path: string
  readonly option: string
}

/** Tells one file at a path from another that came later; inode numbers are given out again. */
export type FileIdentity = string

/** Throws where the system would cut a path, or refuse it. */
export function checkSocketPath({ path, option }: SocketPath, bytes = Buffer.byteLength(path)): void {
  if (bytes <= SOCKET_PATH_LIMIT) return
  throw createError('EKB_ERR_SOCKET_PATH_TOO_LONG', { path, bytes, limit: SOCKET_PATH_LIMIT, option })
}

/**
 * Makes way for a socket at a path: one that a process left which was killed is removed. Rejects where somebody listens
 * there, and for whatever is no socket: that is never touched.
 */
export async function freeSocketPath(at: SocketPath): Promise<void> {
  const { path, option } = at
  const found = statOf(path)
  if (found === undefined) return
  if (!found.isSocket()) throw unavailable(at, 'something that is no socket is there')
  const code = await connectCode(path)
  if (code === 'ENOENT') return
  if (code === 'EACCES' || code === 'EPERM') {
    const reason = `there is a socket to which this user may not connect (${code})`
    throw createError('EKB_ERR_SOCKET_DENIED', { address: path, reason, option })
  }
  // A full queue says EAGAIN, a socket of another kind EPROTOTYPE.
  if (code !== 'ECONNREFUSED') throw await inUse(at)
  if (!takeAway(path, identityOf(found))) throw await inUse(at)
}

/** That somebody else is at the path. */
export async function inUse({ path, option }: SocketPath, cause?: unknown): Promise<ServiceError> {
  const { findUnixSocketOwner } = await import('./find-socket-owner.js')
  const owner = await findUnixSocketOwner(path)
  return createError('EKB_ERR_SOCKET_IN_USE', { address: path, owner, option }, { cause })
}

export function unavailable({ path, option }: SocketPath, reason: string, cause?: unknown): ServiceError {
  return createError('EKB_ERR_SOCKET_UNAVAILABLE', { address: path, reason, option }, { cause })
}

/** What is at a path now; undefined: nothing. */
export function fileIdentity(path: string): FileIdentity | undefined {
  const found = statOf(path)
  return found && identityOf(found)
}

/**
 * Removes this very file. Between the look at a path and its removal another process may have put its own there: so it
 * is moved aside, looked at again, and put back where it is not the one that was meant.
 */
export function takeAway(path: string, identity: FileIdentity): boolean {
  if (fileIdentity(path) !== identity) return false
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return false
  }
  const isMeant = fileIdentity(aside) === identity
  if (!isMeant) linkSync(aside, path)
  unlinkSync(aside)
  return isMeant
}

function statOf(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

function identityOf({ dev, ino, mtimeNs }: BigIntStats): FileIdentity {
  return `${dev}:${ino}:${mtimeNs}`
}

/** How a connection ends; undefined: somebody takes it. */
function connectCode(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}
