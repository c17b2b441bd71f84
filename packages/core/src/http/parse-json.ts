import { MAX_VALUE_DEPTH } from '../call/value-kinds.js'
import { createError } from '../errors/service-error.js'
import { isNestedDeeper } from './json-depth.js'
import { findJsonError } from './json-error.js'

/**
 * The value of a JSON text that came from a client. Throws EKB_ERR_BODY_INVALID, with the place, for what is no JSON,
 * for keys that would reach a prototype once somebody merges or assigns what was parsed, and for what nests so deeply
 * that a schema, or whoever else recurses through it, would run out of stack.
 */
export function parseJson(text: string): unknown {
  if (isNestedDeeper(text, MAX_VALUE_DEPTH)) throw depthError()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    const { position, line, column, reason } = findJsonError(text)
    const where = `at position ${position} (line ${line}, column ${column})`
    throw createError('EKB_ERR_BODY_INVALID', { reason: `it is no JSON, ${reason} ${where}` }, { cause })
  }
  if (isSuspect(text)) refusePoison(value)
  return value
}

/** As `parseJson`; a text that is no JSON is itself. */
export function parseJsonOrText(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return text
  }
  if (isNestedDeeper(text, MAX_VALUE_DEPTH)) throw depthError()
  if (isSuspect(text)) refusePoison(value)
  return value
}

/**
 * Throws for a field that would reach a prototype: by its value, as a key of JSON would, or by its name, once somebody
 * takes a name for a path: `a[__proto__].b`.
 */
export function refusePoisonField(name: string, value: unknown): void {
  const steps = name.split(/[.[\]]+/)
  if (steps.includes('__proto__')) throw poisonError('__proto__')
  const isReached = steps.some((step, at) => step === 'constructor' && steps[at + 1] === 'prototype')
  if (isReached || (name === 'constructor' && hasPrototype(value))) throw poisonError('constructor.prototype')
}

/** Most texts have none of these, and need no walk. A key may be written with escapes. */
function isSuspect(text: string): boolean {
  return text.includes('__proto__') || text.includes('"constructor"') || text.includes('\\u00')
}

/** Without recursion: a client may nest as deeply as it likes. */
function refusePoison(root: unknown): void {
  const open: unknown[] = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== 'object' || value === null) continue
    if (Object.hasOwn(value, '__proto__')) throw poisonError('__proto__')
    for (const [key, child] of Object.entries(value)) {
      if (key === 'constructor' && hasPrototype(child)) throw poisonError('constructor.prototype')
      if (typeof child === 'object' && child !== null) open.push(child)
    }
  }
}

function hasPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
}

function depthError(): Error {
  return createError('EKB_ERR_BODY_INVALID', { reason: `it is nested deeper than ${MAX_VALUE_DEPTH} levels` })
}

function poisonError(key: string): Error {
  return createError('EKB_ERR_BODY_INVALID', { reason: `it has the key '${key}', which is not taken from outside` })
}
