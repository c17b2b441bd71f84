import type { CookieOptions } from '../service/call-context.js'

/** RFC 9110's token. */
const NAME = /^[!#$%&'*+\-.^_`|~\w]+$/
/** What an attribute may hold: no control character, and nothing that ends it. */
const ATTRIBUTE = /^[\x20-\x3a\x3c-\x7e]*$/

/** The value of a `set-cookie` header; throws a TypeError for what no cookie can hold. */
export function formatCookie(name: string, value: string, options: CookieOptions = {}): string {
  if (!NAME.test(name)) throw new TypeError(`response.setCookie: '${name}' is no name for a cookie`)
  const { maxAge, expires, path = '/', domain, secure, httpOnly, sameSite } = options
  if (maxAge !== undefined && !Number.isSafeInteger(maxAge)) {
    throw new TypeError(`response.setCookie: maxAge is ${String(maxAge)}; expected whole seconds`)
  }
  const parts = [`${name}=${encodeURIComponent(value)}`, `Path=${attribute('path', path)}`]
  if (domain !== undefined) parts.push(`Domain=${attribute('domain', domain)}`)
  if (maxAge !== undefined) parts.push(`Max-Age=${maxAge}`)
  if (expires !== undefined) parts.push(`Expires=${expires.toUTCString()}`)
  if (secure === true) parts.push('Secure')
  if (httpOnly === true) parts.push('HttpOnly')
  if (sameSite !== undefined) parts.push(`SameSite=${sameSiteOf(sameSite)}`)
  return parts.join('; ')
}

function attribute(name: string, value: string): string {
  if (ATTRIBUTE.test(value)) return value
  throw new TypeError(`response.setCookie: ${name} is '${value}', which no cookie can hold`)
}

function sameSiteOf(value: string): string {
  const known: string | undefined = { strict: 'Strict', lax: 'Lax', none: 'None' }[value]
  if (known !== undefined) return known
  throw new TypeError(`response.setCookie: sameSite is '${value}'; expected strict, lax or none`)
}
