/**
 * Every use of an interface of Node that is not public, so that a new version of Node is judged here alone. Tried on
 * 20.20.2, 22.23.3, 24.21.0 and 26.10.0; docs/decisions/0011 and 0012 say what each stands on.
 *
 * `net._createServerHandle` makes a handle, of TCP or of a Unix socket, that is bound and does not listen. That handle can be made to listen
 * and not to accept, which `net.BoundSocket` cannot: whatever takes one on accepts.
 *
 * The same call takes a descriptor, and its handle tells the address of a socket that others listen on; a
 * `net.Server` would accept on it.
 *
 * `_httpMessage` of a socket is the answer that node:http gives on it now. Its `parser` has as `incoming` the request that it
 * reads, or that nobody has read to its end.
 */
import type { SendHandle } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import net, { type Socket } from 'node:net'
import { getSystemErrorName } from 'node:util'

export interface BindTarget {
  readonly address: string
  readonly port: number
  readonly family: 4 | 6
}

/** A socket that has its address and is never accepted on here. */
export interface BoundSocket {
  readonly fd: number
  /** For `send` of a child process: the other side gets a descriptor of its own. */
  readonly handle: SendableHandle
  /** Makes it listen: who connects waits in its backlog. Throws an Error with the `code` of the failed call. */
  listen(backlog: number): void
  /** Closes the descriptor before it returns. Of a Unix socket it removes what is at its path, whatever that is. */
  close(): void
}

export interface BoundTcp extends BoundSocket {
  readonly address: string
  readonly port: number
}

/** What Node sends beside a message: a bare handle as well, though its types do not say so. */
export type SendableHandle = NonNullable<SendHandle>

interface SocketAddressOut {
  address?: string
  port?: number
}

/** What a call returns is 0 or a negative errno. */
interface StreamHandle {
  readonly fd: number
  open(fd: number): number
  listen(backlog: number): number
  readStart(): number
  readStop(): number
  close(): void
}

interface TcpHandle extends StreamHandle {
  getsockname(out: SocketAddressOut): number
  getpeername(out: SocketAddressOut): number
}

/** Of a Unix socket, or of anything else that Node takes for one. */
interface PipeHandle extends StreamHandle {
  readonly getsockname?: undefined
}

/** A stream socket that was passed to this process. */
export type InheritedSocket = (InheritedTcp | { readonly kind: 'unix' }) & {
  /** As of a `BoundSocket`. */
  readonly handle: SendableHandle
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

interface FromAddress {
  /** The handle, or a negative errno. */
  readonly _createServerHandle: (
    address: string,
    port: number,
    addressType: 4 | 6,
    fd: number,
    flags: number,
  ) => TcpHandle | number
}

interface FromPath {
  readonly _createServerHandle: (
    path: string,
    port: -1,
    addressType: -1,
    fd: number,
    flags: number,
  ) => PipeHandle | number
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

/** Binds without listening; throws an Error with the `code` of the failed system call. */
export function bindTcp({ address, port, family }: BindTarget): BoundTcp {
  const handle = (net as unknown as FromAddress)._createServerHandle(address, port, family, -1, 0)
  if (typeof handle === 'number') throw systemError('bind', handle)
  try {
    // libuv keeps EADDRINUSE of bind() back until the next call on the socket, and a listen() in another process
    // would never see it: it finds an unbound descriptor and listens on a random port of every interface.
    const name = nameOf(handle)
    return { ...name, ...toBound(handle) }
  } catch (error) {
    handle.close()
    throw error
  }
}

/** Makes a Unix socket at a path where there is nothing; nobody can connect to it until it listens. */
export function bindUnix(path: string): BoundSocket {
  const handle = (net as unknown as FromPath)._createServerHandle(path, -1, -1, -1, 0)
  if (typeof handle === 'number') throw systemError('bind', handle)
  return toBound(handle)
}

function toBound(handle: StreamHandle): BoundSocket {
  return {
    fd: handle.fd,
    handle: handle as unknown as SendableHandle,
    listen: (backlog) => listenOnly(handle, backlog),
    close: () => handle.close(),
  }
}

/**
 * Listening and reading are one watch on the descriptor for libuv, so to stop reading is to accept nothing. All of it
 * happens before the loop turns; what refuses does so before the socket listens.
 */
function listenOnly(handle: StreamHandle, backlog: number): void {
  // Given the descriptor it has, a handle counts as one that can be read.
  succeed(handle.open(handle.fd))
  succeed(handle.readStart())
  succeed(handle.listen(backlog))
  succeed(handle.readStop())
}

function succeed(status: number): void {
  if (status !== 0) throw systemError('listen', status)
}

function nameOf(handle: TcpHandle): { address: string; port: number } {
  const out: SocketAddressOut = {}
  const status = handle.getsockname(out)
  const { address, port } = out
  if (status !== 0 || address === undefined || port === undefined) throw systemError('bind', status)
  return { address, port }
}

function systemError(call: 'bind' | 'listen', errno: number): Error {
  const code = errno < 0 ? getSystemErrorName(errno) : 'EINVAL'
  return Object.assign(new Error(`${call} ${code}`), { code })
}

/** What stands behind a descriptor; undefined: no stream socket. Nothing is accepted on it. */
export function inspectSocket(fd: number): InheritedSocket | undefined {
  const handle = (net as unknown as FromDescriptor)._createServerHandle(null, null, null, fd, 0)
  if (typeof handle === 'number') return undefined
  const close = (): void => handle.close()
  const shared = { handle: handle as unknown as SendableHandle, close }
  if (handle.getsockname === undefined) return { kind: 'unix', ...shared }
  return { kind: 'tcp', ...nameOf(handle), connected: handle.getpeername({}) === 0, ...shared }
}

/** The answer that node:http gives on a connection now, of pipelined ones the first. Undefined between requests, and for HTTP/2. */
export function currentAnswer(socket: Socket): ServerResponse | undefined {
  return (socket as Socket & { readonly _httpMessage?: ServerResponse | null })._httpMessage ?? undefined
}

/** Has a connection of node:http been sent the whole request that it answers? False where it is none's, or none's any more. */
export function hasWholeRequest(socket: Socket): boolean {
  const { parser } = socket as Socket & { readonly parser?: { readonly incoming?: IncomingMessage | null } | null }
  return parser?.incoming === null || parser?.incoming?.complete === true
}
