import { Readable } from 'node:stream'

/** The name that parsers of JSON have in Express, and in all that uses its. */
const PARSER = 'jsonParser'

/** More than any of them takes. */
const HEADERS = { 'content-type': 'application/json', 'content-length': String(Number.MAX_SAFE_INTEGER) }

type Parse = (request: object, response: object, next: (error?: { readonly limit?: unknown }) => void) => void

/** What the parser of JSON takes at most that is the first in a chain of middleware: it tells nobody, but refuses with it. */
export async function jsonLimitOf(chain: readonly { readonly name: string }[]): Promise<number> {
  const parse = chain.find(({ name }) => name === PARSER) as unknown as Parse | undefined
  if (parse === undefined) return Number.POSITIVE_INFINITY
  const error = await new Promise<{ readonly limit?: unknown } | undefined>((resolve) => {
    parse(Object.assign(Readable.from([]), { method: 'POST', url: '/', headers: HEADERS }), {}, resolve)
  }).catch(() => undefined)
  return typeof error?.limit === 'number' ? error.limit : Number.POSITIVE_INFINITY
}
