import { seconds } from '../config/value-kinds.js'
import { createError } from '../errors/service-error.js'

/** `name: value` of each `--header`. */
export function parseHeaders(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, value] = /^([^:\s]+)\s*:\s*(.*)$/s.exec(text) ?? []
      if (name === undefined || value === undefined)
        throw unusable('--header', text, "NAME:VALUE, for example 'x-key: 5'")
      return [name, value]
    }),
  )
}

/** `FIELD=FILE` of each `--file`. */
export function parseFiles(given: readonly string[]): { readonly field: string; readonly path: string }[] {
  return given.map((text) => {
    const [, field, path] = /^([^=]+)=(.+)$/s.exec(text) ?? []
    if (field === undefined || path === undefined)
      throw unusable('--file', text, 'FIELD=FILE, for example image=./a.png')
    return { field, path }
  })
}

/** Seconds of `--timeout`, as milliseconds. */
export function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const kind = seconds(1)
  const timeoutMs = kind.fromText(text)
  if (timeoutMs === undefined) throw unusable('--timeout', text, kind.expected)
  return timeoutMs
}

/** The input that a text on the command line is; `isText`: the api takes a text as its whole input. */
export function parseCallInput(text: string, isText: boolean): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return isText && typeof value !== 'string' ? text : value
  } catch {
    if (isText) return text
    const reason = `The input is no JSON: ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`
    throw createError('EKB_ERR_CLI_USAGE', { reason, near: [] })
  }
}

function unusable(flag: string, text: string, expected: string): Error {
  return createError('EKB_ERR_CLI_USAGE', { reason: `${flag} is '${text}'; expected ${expected}`, near: [] })
}
