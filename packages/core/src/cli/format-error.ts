import { isServiceError } from '../errors/service-error.js'

/** Causes beyond this depth are cut: a cause may point back at its own error. */
const MAX_CAUSES = 8

/**
 * What a failed command prints: code, message and hint, then each cause once, the user's own with its stack. `ownFolder`
 * is where our code lies: a stack without a frame of the user's is of no use.
 */
export function formatError(error: unknown, ownFolder: string): string {
  const parts: string[] = [isCoded(error) ? coded(error) : `Unexpected error: ${stackOf(error)}`]
  let cause = causeOf(error)
  for (let depth = 0; cause !== undefined && depth < MAX_CAUSES; depth++) {
    parts.push(`Caused by ${isCoded(cause) ? coded(cause) : usersStackOf(cause, ownFolder)}`)
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

/** Without frames where none is the user's: of a bind that failed, of a file that cannot be parsed. */
function usersStackOf(error: unknown, ownFolder: string): string {
  const stack = stackOf(error)
  const firstFrame = stack.search(/^\s+at /m)
  if (firstFrame === -1) return stack
  const frames = stack.slice(firstFrame).split('\n')
  const isUsers = (frame: string) => !frame.includes(ownFolder) && !/node:|<anonymous>\)?$/.test(frame)
  return frames.some(isUsers) ? stack : stack.slice(0, firstFrame).trimEnd()
}

function stackOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const { stack, message } = error as Partial<Error>
  return String(stack ?? message ?? 'something that is no error')
}
