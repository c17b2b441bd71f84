import { resolve } from 'node:path'
import { toPublicError } from '../errors/public-error.js'
import { createError, type ServiceError } from '../errors/service-error.js'
import type { NeedingPlan } from '../graph/required-services.js'
import { TEXT_TYPE } from '../http/http-answer.js'
import { listenPrivately, longestBoundPath } from '../net/listen-privately.js'
import { type AdminAddress, parseAdminAddress } from '../net/parse-admin-address.js'
import { freeSocketPath, SOCKET_PATH_LIMIT, takeAway } from '../net/socket-path.js'
import { socketAddress } from '../net/socket-url.js'
import type { InstanceStatus } from '../supervisor/instance-status.js'
import { metricsReply } from './metrics-reply.js'
import { isInstanceReady } from './readiness.js'
import { jsonReply, type Reply, type Route, SmallServer } from './small-server.js'

/** What the admin server shows. */
export interface AdminTarget {
  readonly status: () => InstanceStatus
  /** The same, after those elsewhere were asked how they are. */
  readonly askStatus: () => Promise<InstanceStatus>
  /** undefined: there is none yet. */
  readonly plan: () => NeedingPlan | undefined
  readonly metrics?: (() => Promise<string>) | undefined
}

export interface AdminServer {
  /** HOST:PORT with the port bound, or the socket's path. */
  readonly address: string
  /** Its routes answer "starting" until there is something to show. */
  show(target: AdminTarget): void
  close(): Promise<void>
}

const CLOSE_GRACE_MS = 500
const OPTION = '--admin'

const WELL: Reply = { statusCode: 200, contentType: TEXT_TYPE, body: '\n' }
const NOT_READY: Reply = {
  statusCode: 503,
  contentType: TEXT_TYPE,
  body: 'not ready\n',
  headers: { 'retry-after': '1' },
}

/**
 * The supervisor's own probes and figures, away from the public socket: `/livez`, `/readyz`, `/metrics`, `/status`.
 * Read only. Rejects, before anything else is started, where the address cannot be had.
 */
export async function openAdminServer(where: string): Promise<AdminServer> {
  let target: AdminTarget | undefined
  const small = new SmallServer({ routes: routes(() => target), refuse, headers: {} })
  const address = parseAdminAddress(where)
  if (address === undefined) throw new RangeError(`--admin ${where}`)
  const bound = await listen(small, address)
  return {
    address: bound.address,
    show: (shown) => {
      target = shown
    },
    close: async () => {
      await bound.remove()
      await small.close(CLOSE_GRACE_MS)
    },
  }
}

function routes(target: () => AdminTarget | undefined): Record<string, Route> {
  return {
    '/livez': { method: 'GET', answer: () => WELL },
    '/readyz': { method: 'GET', answer: () => (isReady(target()) ? WELL : NOT_READY) },
    '/metrics': { method: 'GET', answer: () => (target() === undefined ? NOT_READY : metricsReply(target()?.metrics)) },
    '/status': { method: 'GET', answer: async () => jsonReplyTo(await target()?.askStatus()) },
  }
}

function jsonReplyTo(status: InstanceStatus | undefined): Reply {
  return status === undefined ? NOT_READY : jsonReply(status)
}

function isReady(target: AdminTarget | undefined): boolean {
  return target !== undefined && isInstanceReady(target.status(), target.plan())
}

function refuse(error: unknown): Reply {
  const { statusCode, message, code } = toPublicError(error)
  return jsonReply({ error: message, code, statusCode }, statusCode)
}

interface Bound {
  readonly address: string
  readonly remove: () => Promise<void>
}

function listen(small: SmallServer, address: AdminAddress): Promise<Bound> {
  return address.type === 'tcp' ? listenTcp(small, address) : listenUnix(small, resolve(address.path))
}

async function listenTcp(small: SmallServer, { host, port }: { host: string; port: number }): Promise<Bound> {
  const { server } = small
  try {
    await new Promise<void>((done, fail) => {
      server.once('error', fail)
      server.listen({ host, port, exclusive: true }, done)
    })
  } catch (error) {
    throw await bindError(error, { host, port })
  }
  const bound = server.address() as { address: string; port: number }
  return { address: socketAddress(bound.address, bound.port), remove: async () => undefined }
}

async function listenUnix(small: SmallServer, path: string): Promise<Bound> {
  const bytes = Buffer.byteLength(longestBoundPath(path))
  if (bytes > SOCKET_PATH_LIMIT)
    throw unavailable(path, `its path is too long (${bytes} bytes, at most ${SOCKET_PATH_LIMIT})`)
  await freeSocketPath({ path, option: OPTION })
  const identity = await listenPrivately(small.server, path).catch(async (error: unknown) => {
    throw await bindError(error, { path })
  })
  const remove = async (): Promise<void> => {
    // Another may have taken the path over since.
    try {
      if (identity !== undefined) takeAway(path, identity)
    } catch {
      // What cannot be removed is no reason not to end.
    }
  }
  return { address: path, remove }
}

async function bindError(
  error: unknown,
  where: { readonly host: string; readonly port: number } | { readonly path: string },
): Promise<ServiceError> {
  const { code, message } = error as NodeJS.ErrnoException
  const address = 'path' in where ? where.path : socketAddress(where.host, where.port)
  if (code === 'EADDRINUSE' && 'port' in where) {
    const { findSocketOwner } = await import('../net/find-socket-owner.js')
    const family = where.host.includes(':') ? 6 : 4
    const owner = await findSocketOwner({ address: where.host, port: where.port, family })
    return createError('EKB_ERR_SOCKET_IN_USE', { address, owner, option: OPTION }, { cause: error })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const reason = `permission denied (${code})`
    return createError('EKB_ERR_SOCKET_DENIED', { address, reason, option: OPTION }, { cause: error })
  }
  return unavailable(address, code ?? message, error)
}

function unavailable(address: string, reason: string, cause?: unknown): ServiceError {
  return createError('EKB_ERR_SOCKET_UNAVAILABLE', { address, reason, option: OPTION }, { cause })
}
