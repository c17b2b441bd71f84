import { createError } from '../errors/service-error.js'
import { describeValue } from './option-checks.js'

const NAME = /^[A-Za-z][\w.-]{0,62}$/

/** A checked name, and what should be said about it. */
export interface ServiceName {
  readonly name: string
  readonly warning: string | undefined
}

/** The option `name`, else the class's own; throws EKB_ERR_SERVICE_NAME for what no service can be called. */
export function serviceName(option: unknown, className: string): ServiceName {
  const name = option ?? className
  if (typeof name !== 'string') {
    throw createError('EKB_ERR_SERVICE_NAME', { name: describeValue(name), reason: 'it is no string' })
  }
  if (!NAME.test(name)) throw createError('EKB_ERR_SERVICE_NAME', { name, reason: reasonAgainst(name) })
  return { name, warning: option === undefined && name.length <= 2 ? minifiedWarning(name) : undefined }
}

function reasonAgainst(name: string): string {
  if (name === '') return 'the class has no name of its own'
  if (name.length > 63) return `it has ${name.length} characters`
  if (!/^[A-Za-z]/.test(name)) return 'it does not begin with a letter'
  return 'it has a character that is none of letters, digits, _ . and -'
}

function minifiedWarning(name: string): string {
  return (
    `Service '${name}' has so short a class name that a minifier may have made it. Names appear in logs, metrics and ` +
    `settings: give the option name (service({ name: '…' })), or have the bundler keep names (esbuild: --keep-names).`
  )
}
