/** What a request of node:http says of where it is for. */
export interface RequestAddress {
  readonly scheme: 'http' | 'https'
  readonly host: string | undefined
  readonly target: string
}

/** A name, an IPv4 or a bracketed IPv6 address, and a port: nothing by which it could reach into the path, or be a user. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d*)?$/i
/** As clients of a proxy send it: its host wins over the header's. */
const ABSOLUTE_TARGET = /^https?:\/\/([^/?#]*)(.*)$/i

/** The URL of a request; undefined: its host or its target is none. */
export function parseRequestUrl({ scheme, host, target }: RequestAddress): string | undefined {
  const isPath = target.startsWith('/')
  const [, authority = '', path = ''] = isPath
    ? ['', host || 'localhost', target]
    : (ABSOLUTE_TARGET.exec(target) ?? [])
  // The scheme is that of the connection, whatever a client says.
  return HOST.test(authority) ? `${scheme}://${authority}${path}` : undefined
}
