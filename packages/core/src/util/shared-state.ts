import { createError } from '../errors/service-error.js'
import { VERSION } from './version.js'

const kState = Symbol.for('ekiben.v1')

interface SharedState {
  readonly version: string
  readonly slots: Map<string, unknown>
}

/**
 * A value that all copies of this package in one process share; `make` gives its first content.
 * Copies of different versions do not mix: the second one to ask throws EKB_ERR_VERSION_SKEW.
 */
export function sharedSlot<T>(key: string, make: () => T): T {
  const { slots } = sharedState()
  if (!slots.has(key)) slots.set(key, make())
  return slots.get(key) as T
}

function sharedState(): SharedState {
  const holder = globalThis as { [kState]?: SharedState }
  const state = holder[kState]
  if (state === undefined) {
    const created: SharedState = { version: VERSION, slots: new Map() }
    Object.defineProperty(holder, kState, { value: created })
    return created
  }
  if (state.version !== VERSION) throw createError('EKB_ERR_VERSION_SKEW', { first: state.version, second: VERSION })
  return state
}
