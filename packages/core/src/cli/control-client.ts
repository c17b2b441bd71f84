import { request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import {
  CONTROL_PROTOCOL,
  CONTROL_SOCKET,
  PROTOCOL_HEADER,
  type RefusedAnswer,
  VERSION_HEADER,
} from '../control/control-protocol.js'
import { decodeError } from '../errors/error-codec.js'
import { createError, isServiceError } from '../errors/service-error.js'
import type { FoundInstance } from '../supervisor/list-instances.js'
import { isAlive } from '../util/process-identity.js'
import { VERSION } from '../util/version.js'

export interface ControlRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  /** Within so long the instance must answer; undefined: it may take what it needs. */
  readonly timeoutMs?: number
}

/** A living instance answers a plain question within so long. */
export const ANSWER_WITHIN_MS = 2_000
const LOOK_AGAIN_MS = 50

/** Asks a running instance; rejects with its own error where it refuses, or with why there is no answer. */
export async function askInstance<T>(instance: FoundInstance, request: ControlRequest): Promise<T> {
  const { timeoutMs } = request
  const signal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)
  let answer: IncomingMessage
  let body: string
  try {
    answer = await send(instance, { ...request, signal })
    body = await text(answer)
  } catch (error) {
    throw await noAnswer(instance, request, error as NodeJS.ErrnoException)
  }
  refuseSkew(answer)
  const data = JSON.parse(body) as unknown
  if (answer.statusCode !== 200) throw decodeError((data as RefusedAnswer).error)
  return data as T
}

/** What the instance says of itself; waits a little for one that is just about to listen. */
export async function firstStatus<T>(instance: FoundInstance): Promise<T> {
  const giveUpAt = performance.now() + ANSWER_WITHIN_MS
  for (;;) {
    const timeoutMs = Math.max(1, Math.round(giveUpAt - performance.now()))
    try {
      return await askInstance<T>(instance, { method: 'GET', path: '/status', timeoutMs })
    } catch (error) {
      if (!isNotYet(error) || performance.now() + LOOK_AGAIN_MS >= giveUpAt) throw error
    }
    await delay(LOOK_AGAIN_MS)
  }
}

/** Is there no control socket to talk to, as before an instance is ready? */
export function isNotYet(error: unknown): boolean {
  return isServiceError(error, 'EKB_ERR_INSTANCE_SILENT') && isMissing((error.detail as { code?: unknown }).code)
}

function isMissing(code: unknown): boolean {
  return code === 'ENOENT' || code === 'ECONNREFUSED'
}

function send(
  { folder }: FoundInstance,
  { method, path, body, signal }: ControlRequest & { readonly signal: AbortSignal | undefined },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest({
      socketPath: join(folder, CONTROL_SOCKET),
      method,
      path,
      agent: false,
      headers: { [PROTOCOL_HEADER]: CONTROL_PROTOCOL, [VERSION_HEADER]: VERSION, 'content-type': 'application/json' },
      ...(signal !== undefined && { signal }),
    })
      .once('response', resolve)
      .once('error', reject)
      .end(body === undefined ? undefined : JSON.stringify(body))
  })
}

function refuseSkew({ headers }: IncomingMessage): void {
  const protocol = headers[PROTOCOL_HEADER]
  if (protocol === CONTROL_PROTOCOL) return
  throw createError('EKB_ERR_CONTROL_SKEW', {
    commandVersion: VERSION,
    commandProtocol: CONTROL_PROTOCOL,
    instanceVersion: String(headers[VERSION_HEADER] ?? 'unknown'),
    instanceProtocol: String(protocol ?? 'unknown'),
  })
}

async function noAnswer(
  { instance, owner }: FoundInstance,
  { path, timeoutMs }: ControlRequest,
  error: NodeJS.ErrnoException,
): Promise<Error> {
  const { pid } = owner
  const began = timeoutMs === undefined && !isMissing(error.code)
  if (began || !(await isAlive(owner))) {
    return createError('EKB_ERR_INSTANCE_LOST', { instance, pid, command: path.slice(1) })
  }
  const params = { instance, pid, reason: reasonOf(error, timeoutMs) }
  return createError('EKB_ERR_INSTANCE_SILENT', params, { detail: { code: error.code } })
}

function reasonOf(error: NodeJS.ErrnoException, timeoutMs: number | undefined): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  if (error.code === 'ENOENT') return 'it has no control socket (it is starting, or could not make one)'
  return error.code ?? error.message
}
