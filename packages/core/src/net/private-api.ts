/**
 * Every use of an interface of Node that is not public, so that a new version of Node is judged here alone.
 *
 * `net._createServerHandle` makes a TCP handle that is bound and does not listen; no public call did so before
 * `net.BoundSocket`, which takes its place where it exists. Tried on 20.20.2 and 22.23.3 (handle), and on
 * 24.21.0 and 26.10.0 (both; there the handle is only a fallback).
 *
 * The same call takes a descriptor, and its handle tells the address of a socket that others listen on; a
 * `net.Server` would accept on it. Tried on all four.
 */
import net from 'node:net'
import { getSystemErrorName } from 'node:util'

export interface BindTarget {
  readonly address: string
  readonly port: number
  readonly family: 4 | 6
}

/** A TCP socket that has its address and neither listens nor accepts. */
export interface BoundTcp {
  readonly fd: number
  readonly address: string
  readonly port: number
  /** Closes the descriptor before it returns. */
  close(): void
}

interface SocketAddressOut {
  address?: string
  port?: number
}

interface TcpHandle {
  readonly fd: number
  getsockname(out: SocketAddressOut): number
  getpeername(out: SocketAddressOut): number
  close(): void
}

/** Of a Unix socket, or of anything else that Node takes for one. */
interface PipeHandle {
  readonly fd: number
  readonly getsockname?: undefined
  close(): void
}

/** A stream socket that was passed to this process. */
export type InheritedSocket = (InheritedTcp | { readonly kind: 'unix' }) & {
  /** Closes the descriptor before it returns; others keep theirs. */
  close(): void
}

interface InheritedTcp {
  readonly kind: 'tcp'
  readonly address: string
  readonly port: number
  /** It is one connection, and listens to nothing. */
  readonly connected: boolean
}

interface BoundSocket {
  fd(): number
  address(): { readonly address: string; readonly port: number }
  close(): void
}

interface NetInternals {
  readonly BoundSocket?: new (options: { host: string; port: number }) => BoundSocket
  /** The handle, or a negative errno. */
  readonly _createServerHandle: (
    address: string,
    port: number,
    addressType: 4 | 6,
    fd: number,
    flags: number,
  ) => TcpHandle | number
}

interface FromDescriptor {
  readonly _createServerHandle: (
    address: null,
    port: null,
    addressType: null,
    fd: number,
    flags: number,
  ) => TcpHandle | PipeHandle | number
}

const internals = net as unknown as NetInternals

/** Binds without listening; throws an Error with the `code` of the failed system call. */
export function bindTcp(target: BindTarget): BoundTcp {
  return internals.BoundSocket === undefined ? bindHandle(target) : bindBoundSocket(internals.BoundSocket, target)
}

function bindBoundSocket(Socket: NonNullable<NetInternals['BoundSocket']>, target: BindTarget): BoundTcp {
  const socket = new Socket({ host: target.address, port: target.port })
  const { address, port } = socket.address()
  return { fd: socket.fd(), address, port, close: () => socket.close() }
}

function bindHandle(target: BindTarget): BoundTcp {
  const handle = internals._createServerHandle(target.address, target.port, target.family, -1, 0)
  if (typeof handle === 'number') throw bindError(handle)
  try {
    // libuv keeps EADDRINUSE of bind() back until the next call on the socket, and a listen() in another process
    // would never see it: it finds an unbound descriptor and listens on a random port of every interface.
    return { fd: handle.fd, ...nameOf(handle), close: () => handle.close() }
  } catch (error) {
    handle.close()
    throw error
  }
}

function nameOf(handle: TcpHandle): { address: string; port: number } {
  const out: SocketAddressOut = {}
  const status = handle.getsockname(out)
  const { address, port } = out
  if (status !== 0 || address === undefined || port === undefined) throw bindError(status)
  return { address, port }
}

function bindError(errno: number): Error {
  const code = errno < 0 ? getSystemErrorName(errno) : 'EINVAL'
  return Object.assign(new Error(`bind ${code}`), { code })
}

/** What stands behind a descriptor; undefined: no stream socket. Nothing is accepted on it. */
export function inspectSocket(fd: number): InheritedSocket | undefined {
  const handle = (net as unknown as FromDescriptor)._createServerHandle(null, null, null, fd, 0)
  if (typeof handle === 'number') return undefined
  const close = (): void => handle.close()
  if (handle.getsockname === undefined) return { kind: 'unix', close }
  return { kind: 'tcp', ...nameOf(handle), connected: handle.getpeername({}) === 0, close }
}
