import { createError, type ServiceError } from '../errors/service-error.js'
import { nearNames } from '../util/near-names.js'
import { describeValue, type ValueKind } from './value-kinds.js'

/** A setting that does not exist; `known`: the names that do, at its place. */
export function unknownSetting(path: readonly string[], source: string, known: Iterable<string>): ServiceError {
  const above = path.slice(0, -1)
  const near = nearNames(path.at(-1) ?? '', known).map((name) => [...above, name].join('.'))
  return createError('EKB_ERR_CONFIG_UNKNOWN', { source, key: path.join('.'), near })
}

/** A value that the setting cannot have. */
export function invalidSetting(
  path: readonly string[],
  source: string,
  received: { readonly value: unknown; readonly expected: string; readonly isSecret?: boolean | undefined },
): ServiceError {
  const value = received.isSecret === true ? 'not one that can be used' : describeValue(received.value)
  return createError('EKB_ERR_CONFIG_INVALID', { source, key: path.join('.'), value, expected: received.expected })
}

/** The value as this kind reads it from text, or the error that says what was expected. */
export function fromText(kind: ValueKind, text: string, at: { path: readonly string[]; source: string }): unknown {
  const value = kind.fromText(text)
  if (value === undefined) throw invalidSetting(at.path, at.source, { ...kind, value: text })
  return value
}

/** The value as this kind reads it from data, or the error that says what was expected. */
export function fromValue(kind: ValueKind, data: unknown, at: { path: readonly string[]; source: string }): unknown {
  const value = kind.fromValue(data)
  if (value === undefined) throw invalidSetting(at.path, at.source, { ...kind, value: data })
  return value
}
