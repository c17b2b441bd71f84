import { createError } from '../errors/service-error.js'
import { findJsonError } from './json-error.js'

/**
 * The value of a JSON text that came from a client. Throws EKB_ERR_BODY_INVALID, with the place, for what is no JSON,
 * and for keys that would reach a prototype once somebody merges or assigns what was parsed.
 */
export function parseJson(text: string): unknown {
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
  if (isSuspect(text)) refusePoison(value)
  return value
}

/** Throws for a name that no field may have. */
export function refusePoisonName(name: string): void {
  if (name === '__proto__') throw poisonError(name)
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
      const isObject = typeof child === 'object' && child !== null
      if (key === 'constructor' && isObject && Object.hasOwn(child, 'prototype')) {
        throw poisonError('constructor.prototype')
      }
      if (isObject) open.push(child)
    }
  }
}

function poisonError(key: string): Error {
  return createError('EKB_ERR_BODY_INVALID', { reason: `it has the key '${key}', which is not taken from outside` })
}
