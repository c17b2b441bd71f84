/** Where something is reached over HTTP. */
export interface RemoteAddress {
  /** Without user and password, and without a slash at its end: routes are appended to it. */
  readonly base: string
  /** Host, and port unless it goes without saying. */
  readonly host: string
  /** The header that user and password make; undefined: there are none. */
  readonly authorization: string | undefined
}

/** Reads an http or https URL; undefined: it is none, or has a query or a fragment, to which no route can be appended. */
export function parseRemoteUrl(url: unknown): RemoteAddress | undefined {
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined
  const { protocol, origin, host, pathname, search, hash, username, password } = new URL(url)
  if (!/^https?:$/.test(protocol) || search !== '' || hash !== '') return undefined
  const user = decode(username)
  const secret = decode(password)
  if (user === undefined || secret === undefined || user.includes(':')) return undefined
  const authorization =
    user === '' && secret === '' ? undefined : `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`
  return { base: `${origin}${pathname}`.replace(/\/+$/, ''), host, authorization }
}

/** The URL for people, without user and password: those are secrets wherever they would be shown. */
export function hideCredentials(url: string): string {
  return url.replace(/^(\s*[a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i, '$1***@')
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
