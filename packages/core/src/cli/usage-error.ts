import { createError, type ServiceError } from '../errors/service-error.js'
import { nearNames } from '../util/near-names.js'

/** What a command understands. */
export interface KnownWords {
  readonly flags: readonly string[]
  readonly commands: readonly string[]
}

/** The parser's complaint ("error: unknown option '--prot'") as an error of ours, with near names. */
export function usageError(complaint: string, known: KnownWords): ServiceError {
  const text = complaint.replace(/^error: /, '')
  const flag = /^unknown option '([^'=]*)/.exec(text)?.[1]
  const command = /^unknown command '([^']*)/.exec(text)?.[1]
  const near = flag !== undefined ? nearNames(flag, known.flags) : nearNames(command ?? '', known.commands)
  const reason = `${text.charAt(0).toUpperCase()}${text.slice(1)}`.replace(/\.$/, '')
  return createError('EKB_ERR_CLI_USAGE', { reason, near })
}
