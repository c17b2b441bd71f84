import { promises as dns, type LookupAddress } from 'node:dns'
import { createError, isServiceError, type ServiceError } from '../errors/service-error.js'
import { type BindTarget, type BoundTcp, bindTcp } from '../net/private-api.js'
import { sameAddress } from '../net/same-address.js'
import { socketAddress, socketUrl } from '../net/socket-url.js'

export interface ListenSocketOptions {
  /** An address or a name. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly backlog: number
  /** The option that said so. Default: `--port` and `--host`. */
  readonly option?: string
}

/** The public socket: it listens, the supervisor holds it, and only workers accept on it. */
export interface ListenSocket {
  readonly fd: number
  /** The address bound; of a Unix socket its path, or `@` and its abstract name, and port 0. */
  readonly host: string
  readonly port: number
  readonly family: 4 | 6
  /** What every process that listens on it must pass: each `listen` sets it anew, for all. */
  readonly backlog: number
  /** All addresses the host resolved to; the first is bound. */
  readonly addresses: readonly string[]
  readonly url: string
  /** For workers that get it by message; undefined: it is not open yet. */
  readonly handle: BoundTcp['handle'] | undefined
  /** Lets the supervisor's own descriptor go; the socket is gone once no worker has one either. */
  close(): void
}

/** Binds and claims the public socket: from then on clients that connect wait in its backlog. */
export async function openListenSocket(options: ListenSocketOptions): Promise<ListenSocket> {
  const resolved = await resolveHost(options)
  const target: BindTarget = { address: resolved[0].address, port: options.port, family: familyOf(resolved[0]) }
  const bound = await bind(target, options)
  await claim(bound, { ...target, port: bound.port }, options)
  return {
    fd: bound.fd,
    handle: bound.handle,
    host: bound.address,
    port: bound.port,
    family: target.family,
    backlog: options.backlog,
    addresses: [...new Set(resolved.map(({ address }) => address))],
    url: socketUrl(bound.address, bound.port),
    close: once(() => bound.close()),
  }
}

async function resolveHost({ host, port, option }: ListenSocketOptions): Promise<[LookupAddress, ...LookupAddress[]]> {
  const unavailable = (reason: string, cause?: unknown): ServiceError =>
    createError(
      'EKB_ERR_SOCKET_UNAVAILABLE',
      { address: socketAddress(host, port), reason, ...optionOf(option) },
      { cause },
    )
  // An empty name would be looked up as no name at all, and bind every interface.
  if (host === '') throw unavailable('the host is empty')
  const addresses = await dns.lookup(host, { all: true }).catch((error: NodeJS.ErrnoException) => {
    throw unavailable(`the name '${host}' is not known (${error.code ?? error.message})`, error)
  })
  const [first, ...others] = addresses
  if (first === undefined) throw unavailable(`the name '${host}' has no address`)
  return [first, ...others]
}

/** Binding alone reserves nothing: of two that are bound to one address, the first to listen has it. */
async function claim(bound: BoundTcp, target: BindTarget, { backlog, option }: ListenSocketOptions): Promise<void> {
  try {
    bound.listen(backlog)
  } catch (error) {
    bound.close()
    throw await socketError(error, target, option)
  }
}

async function bind(target: BindTarget, { option }: ListenSocketOptions): Promise<BoundTcp> {
  let bound: BoundTcp
  try {
    bound = bindTcp(target)
  } catch (error) {
    throw await socketError(error, target, option)
  }
  if (isBoundTo(bound, target)) return bound
  bound.close()
  const reason = `the system bound ${socketAddress(bound.address, bound.port)} instead`
  const address = socketAddress(target.address, target.port)
  throw createError('EKB_ERR_SOCKET_UNAVAILABLE', { address, reason, ...optionOf(option) })
}

/** Is it where it was asked to be? */
function isBoundTo(bound: BoundTcp, target: BindTarget): boolean {
  if (target.port !== 0 && bound.port !== target.port) return false
  return sameAddress(target.address, bound.address)
}

async function socketError(error: unknown, target: BindTarget, option: string | undefined): Promise<ServiceError> {
  if (isServiceError(error)) return error
  const said = optionOf(option)
  const { code, message } = error as NodeJS.ErrnoException
  const address = socketAddress(target.address, target.port)
  if (code === 'EADDRINUSE') {
    const { findSocketOwner } = await import('../net/find-socket-owner.js')
    return createError(
      'EKB_ERR_SOCKET_IN_USE',
      { address, owner: await findSocketOwner(target), ...said },
      { cause: error },
    )
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const reason = `permission denied (${code})`
    return createError('EKB_ERR_SOCKET_DENIED', { address, reason, ...said }, { cause: error })
  }
  const reason = code === 'EADDRNOTAVAIL' ? 'it is no address of this machine (EADDRNOTAVAIL)' : (code ?? message)
  return createError('EKB_ERR_SOCKET_UNAVAILABLE', { address, reason, ...said }, { cause: error })
}

function optionOf(option: string | undefined): { option?: string } {
  return option === undefined ? {} : { option }
}

function familyOf({ family }: LookupAddress): 4 | 6 {
  return family === 6 ? 6 : 4
}

/** A descriptor's number is taken again soon: closing twice must not close another's. */
export function once(close: () => void): () => void {
  let closed = false
  return () => {
    if (closed) return
    closed = true
    close()
  }
}
