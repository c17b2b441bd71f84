import { clientError } from './client-error.js'

/** Timers take no more. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** The address that routes are appended to, without a slash at its end. In a browser it may be relative to the page. */
export function baseUrl(url: string | URL): string {
  const page = (globalThis as { location?: { href?: string } }).location?.href
  let parsed: URL
  try {
    parsed = new URL(url, page)
  } catch {
    throw optionError('url', url, 'an http or https address')
  }
  if (!/^https?:$/.test(parsed.protocol)) throw optionError('url', url, 'an http or https address')
  if (parsed.username !== '' || parsed.password !== '') {
    throw optionError('url', `${parsed.origin} with a user`, 'none; send an authorization header')
  }
  if (parsed.search !== '' || parsed.hash !== '') throw optionError('url', url, 'no query and no fragment')
  return `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, '')
}

/** Milliseconds that a timer can take. */
export function checkTimeout(timeoutMs: number | undefined, option = 'timeoutMs'): number | undefined {
  if (timeoutMs === undefined || (timeoutMs > 0 && timeoutMs <= MAX_TIMER_MS)) return timeoutMs
  throw optionError(option, timeoutMs, `milliseconds above 0, at most ${MAX_TIMER_MS}`)
}

/** Header names and values that can be sent; later ones win. */
export function joinHeaders(...given: readonly (Readonly<Record<string, string>> | undefined)[]): Headers {
  const headers = new Headers()
  for (const [name, value] of given.flatMap((record) => Object.entries(record ?? {}))) {
    try {
      headers.set(name, value)
    } catch {
      // Its value may be a secret.
      throw optionError('headers', `'${name}' with its value`, 'what can stand in a header')
    }
  }
  return headers
}

export function optionError(option: string, value: unknown, expected: string): Error {
  return clientError('EKB_ERR_CLIENT_OPTION', { option, value: String(value), expected })
}
