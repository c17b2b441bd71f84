import type { ScaleRequest, WorkerTarget } from '../control/control-protocol.js'
import { createError } from '../errors/service-error.js'

const NAME = '[A-Za-z][\\w.-]{0,62}'
const TARGET = new RegExp(`^(${NAME})(?:[/#](\\d{1,6}))?$`)
const COUNT = new RegExp(`^(${NAME})=([1-9]\\d{0,5})$`)

/** SERVICE or SERVICE/SLOT. */
export function parseTarget(text: string): WorkerTarget {
  const [, service, slot] = TARGET.exec(text) ?? []
  if (service === undefined) throw unreadable(text, 'SERVICE or SERVICE/SLOT, for example Embedder/0')
  return { service, slot: slot === undefined ? undefined : Number(slot) }
}

/** SERVICE/SLOT. */
export function parseWorker(text: string): Required<WorkerTarget> {
  const { service, slot } = parseTarget(text)
  if (slot === undefined) throw unreadable(text, 'SERVICE/SLOT, for example Embedder/0')
  return { service, slot }
}

/** SERVICE=N. */
export function parseScale(text: string): ScaleRequest {
  const [, service, workers] = COUNT.exec(text) ?? []
  if (service === undefined) throw unreadable(text, 'SERVICE=N with N of 1 or more, for example Embedder=2')
  return { service, workers: Number(workers) }
}

function unreadable(text: string, expected: string): Error {
  return createError('EKB_ERR_CLI_USAGE', { reason: `'${text}' is not what is expected here: ${expected}`, near: [] })
}
