import type { PublicError } from '../errors/public-error.js'
import { type HttpAnswer, JSON_TYPE } from './http-answer.js'

/** The body of every answer that is an error. */
export interface ErrorBody {
  readonly error: string
  readonly code: string
  readonly statusCode: number
  readonly detail?: unknown
  readonly requestId: string
  /** In development: where it was thrown. */
  readonly stack?: string
}

/** The answer that says so; `stack`: for whoever works on the code. */
export function errorAnswer(error: PublicError, requestId: string, stack?: string): HttpAnswer {
  const { statusCode, message, code, detail } = error
  const body: ErrorBody = {
    error: message,
    code,
    statusCode,
    ...(detail !== undefined && { detail }),
    requestId,
    ...(stack !== undefined && { stack }),
  }
  const headers = ['content-type', JSON_TYPE, ...extraHeaders(error)]
  return { statusCode, headers, body: stringify(body) }
}

function extraHeaders({ statusCode, code, detail, retryAfterMs = 1_000 }: PublicError): string[] {
  if (statusCode === 429 || statusCode === 503) return ['retry-after', String(Math.ceil(retryAfterMs / 1000))]
  if (code === 'EKB_ERR_METHOD_NOT_ALLOWED') return ['allow', (detail as { allow: string[] }).allow.join(', ')]
  return []
}

/** A detail of the user's may be anything, a cycle too: then the answer goes without it. */
function stringify(body: ErrorBody): string {
  try {
    return JSON.stringify(body)
  } catch {
    const { detail: _, ...rest } = body
    return JSON.stringify(rest)
  }
}
