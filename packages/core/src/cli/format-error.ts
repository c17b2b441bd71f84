import { isServiceError } from '../errors/service-error.js'

/** Causes beyond this depth are cut: a cause may point back at its own error. */
const MAX_CAUSES = 8

/** What a failed command prints: code, message and hint, then each cause once, the user's own with its stack. */
export function formatError(error: unknown): string {
  const parts: string[] = [isCoded(error) ? coded(error) : `Unexpected error: ${stackOf(error)}`]
  let cause = causeOf(error)
  for (let depth = 0; cause !== undefined && depth < MAX_CAUSES; depth++) {
    parts.push(`Caused by ${isCoded(cause) ? coded(cause) : stackOf(cause)}`)
    cause = causeOf(cause)
  }
  const output = lastOutputOf(error)
  if (output !== undefined && !parts.some((part) => part.includes(output))) {
    parts.push(`Last output of the worker:\n${output.replace(/^/gm, '  ')}`)
  }
  return `${parts.join('\n\n')}\n`
}

function coded(error: Error & { code: string; hint: string | undefined }): string {
  return `${error.code}: ${error.message}${error.hint ? `\n  hint: ${error.hint}` : ''}`
}

/** An error of the catalogue says all in its message: its stack is ours, and of no use to anybody else. */
function isCoded(error: unknown): error is Error & { code: string; hint: string | undefined } {
  return isServiceError(error) && error.code.startsWith('EKB_ERR_')
}

/** What a worker wrote before it failed to boot. */
function lastOutputOf(error: unknown): string | undefined {
  const detail = isServiceError(error) ? (error.detail as { lastOutput?: unknown } | undefined) : undefined
  return typeof detail?.lastOutput === 'string' ? detail.lastOutput.trimEnd() : undefined
}

function causeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? (error as { cause?: unknown }).cause : undefined
}

function stackOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const { stack, message } = error as Partial<Error>
  return String(stack ?? message ?? 'something that is no error')
}
