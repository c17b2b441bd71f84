import { createError } from '../errors/service-error.js'
import type { ScaleRequest, WorkerTarget } from './control-protocol.js'

/** The body of a request to scale; throws what to send instead. */
export function parseScaleRequest(body: unknown): ScaleRequest {
  const { service, workers } = fieldsOf(body)
  if (typeof service !== 'string' || !isCount(workers)) {
    throw invalid('expected { service: text, workers: whole number }')
  }
  return { service, workers }
}

/** The body of a request about a service, or one worker of it. */
export function parseWorkerTarget(body: unknown): WorkerTarget {
  const { service, slot } = fieldsOf(body)
  if (typeof service !== 'string' || !(slot === undefined || isCount(slot))) {
    throw invalid('expected { service: text, slot?: whole number }')
  }
  return { service, slot }
}

/** As above, where one worker must be meant. */
export function parseOneWorker(body: unknown): { readonly service: string; readonly slot: number } {
  const { service, slot } = parseWorkerTarget(body)
  if (slot === undefined) throw invalid('expected { service: text, slot: whole number }')
  return { service, slot }
}

function fieldsOf(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function invalid(reason: string): Error {
  return createError('EKB_ERR_BODY_INVALID', { reason })
}
