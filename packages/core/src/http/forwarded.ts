import { isIP } from 'node:net'
import { type TrustProxy, trustedAddresses } from '../net/trusted-addresses.js'

/** What a proxy said of the request that it passed on. */
export interface Forwarded {
  /** The client's address; undefined: nobody said, and the connection has none. */
  readonly address: string | undefined
  /** undefined: as the request itself has it. */
  readonly host: string | undefined
  readonly protocol: 'http' | 'https' | undefined
}

export interface ForwardedRequest {
  /** Of the other end of the connection; undefined: a Unix socket. */
  readonly peer: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** The other end of a Unix socket is on this machine. */
const SAME_MACHINE = '127.0.0.1'

/** Reads `X-Forwarded-For`, `-Host` and `-Proto`, as far as who sends them is trusted. */
export function forwardedReader(trust: TrustProxy): (request: ForwardedRequest) => Forwarded {
  const isTrusted = trustedAddresses(trust)
  return ({ peer, headers }) => {
    if (!isTrusted(peer ?? SAME_MACHINE)) return { address: peer, host: undefined, protocol: undefined }
    const protocol = firstOf(headers['x-forwarded-proto'])?.toLowerCase()
    const host = firstOf(headers['x-forwarded-host'])
    return {
      address: clientAddress(listOf(headers['x-forwarded-for']), isTrusted) ?? peer,
      host: host !== undefined && /^[^\s/\\?#@,]+$/.test(host) ? host : undefined,
      protocol: protocol === 'http' || protocol === 'https' ? protocol : undefined,
    }
  }
}

/** Each proxy adds whom it was asked by at the end: from there on, the first that is not trusted is the client. */
function clientAddress(said: readonly string[], isTrusted: (address: string) => boolean): string | undefined {
  let client: string | undefined
  for (const entry of said.toReversed()) {
    const address = addressIn(entry)
    // What is no address was made up, or hidden: nothing before it is worth more.
    if (address === undefined) return client
    client = address
    if (!isTrusted(address)) return client
  }
  return client
}

/** Some proxies add the port. */
function addressIn(entry: string): string | undefined {
  const [, bracketed, withPort] = /^(?:\[(.+)\](?::\d+)?|([\d.]+):\d+)$/.exec(entry) ?? []
  const address = bracketed ?? withPort ?? entry
  return isIP(address) === 0 ? undefined : address
}

function listOf(value: string | readonly string[] | undefined): string[] {
  const text = typeof value === 'string' ? value : (value ?? []).join(',')
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

function firstOf(value: string | readonly string[] | undefined): string | undefined {
  return listOf(value)[0]
}

/** As a line of the log has it. */
export function forwardedFields({ address, host, protocol }: Forwarded): object {
  return { remoteAddress: address, host, protocol }
}
