import { createError } from '../errors/service-error.js'
import { nearNames } from '../util/near-names.js'

/** Throws EKB_ERR_CONFIG_UNKNOWN for an option that is none of `known`; `source` says whose options they are. */
export function checkOptions(options: object, known: readonly string[], source: string): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key))
  if (unknown === undefined) return
  throw createError('EKB_ERR_CONFIG_UNKNOWN', { source, key: unknown, near: nearNames(unknown, known) })
}
