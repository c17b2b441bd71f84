import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { CookieOptions, ResponseControl } from '../service/call-context.js'
import { formatCookie } from './format-cookie.js'

/** Framing and identity are the host's business. */
export const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
])

/** What an api asked for its answer with `ctx.response`. Wrong values throw where they are set. */
export class HttpResponseControl implements ResponseControl {
  readonly #headers = new Map<string, { readonly name: string; readonly values: readonly string[] }>()
  #statusCode: number | undefined

  get statusCode(): number {
    return this.#statusCode ?? 200
  }

  set statusCode(value: number) {
    if (!Number.isInteger(value) || value < 200 || value > 599) {
      throw new RangeError(`response.statusCode is ${String(value)}; expected an integer from 200 to 599`)
    }
    this.#statusCode = value
  }

  setHeader(name: string, value: string | readonly string[]): void {
    validateHeaderName(name)
    if (RESERVED_HEADERS.has(name.toLowerCase()))
      throw new TypeError(`response.setHeader: '${name}' is set by the host`)
    const values = typeof value === 'string' ? [value] : [...value]
    for (const item of values) validateHeaderValue(name, item)
    this.#headers.set(name.toLowerCase(), { name, values })
  }

  setCookie(name: string, value: string, options?: CookieOptions): void {
    const cookie = formatCookie(name, value, options)
    const earlier = this.#headers.get('set-cookie')?.values ?? []
    this.#headers.set('set-cookie', { name: 'set-cookie', values: [...earlier, cookie] })
  }

  /** @internal */
  has(name: string): boolean {
    return this.#headers.has(name)
  }

  /** Name, value, name, value. @internal */
  flatHeaders(): string[] {
    return [...this.#headers.values()].flatMap(({ name, values }) => values.flatMap((value) => [name, value]))
  }
}
