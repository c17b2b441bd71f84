/** What `listen()` of a server was asked for, as far as it is a TCP port that is named. */
export interface ListenTarget {
  readonly port: number
  readonly host: string | undefined
  readonly callback: (() => void) | undefined
}

/**
 * Reads the arguments of `net.Server.listen`: `(port, host, backlog, callback)` with any of them left out, or
 * `(options, callback)`. undefined: a Unix socket, a handle, a descriptor, or any free port: those are the app's own.
 */
export function parseListen(args: readonly unknown[]): ListenTarget | undefined {
  const [first, second] = args
  const last = args.at(-1)
  const callback = typeof last === 'function' ? (last as () => void) : undefined
  if (typeof first === 'object' && first !== null) {
    const { port, host, path, fd } = first as Record<string, unknown>
    if (path !== undefined || (typeof fd === 'number' && fd >= 0)) return undefined
    return named(port, host, callback)
  }
  return named(first, second, callback)
}

/** As Fastify listens there: on the name, and on each address that it has. */
const LOCALHOST = ['localhost', '127.0.0.1', '::1']
const ANY = ['0.0.0.0', '::']

/** Of two hosts for one port: are they the same, or both this machine's localhost? undefined: all addresses. */
export function compareHosts(one: string | undefined, other: string | undefined): 'same' | 'localhost' | 'other' {
  const [first = '::', second = '::'] = [one, other]
  const areAll = (hosts: readonly string[]): boolean => hosts.includes(first) && hosts.includes(second)
  if (first === second || areAll(ANY)) return 'same'
  return areAll(LOCALHOST) ? 'localhost' : 'other'
}

function named(port: unknown, host: unknown, callback: (() => void) | undefined): ListenTarget | undefined {
  const number = toPort(port)
  if (number === undefined || number === 0) return undefined
  return { port: number, host: typeof host === 'string' && host !== '' ? host : undefined, callback }
}

function toPort(value: unknown): number | undefined {
  if (typeof value !== 'number' && !(typeof value === 'string' && /^\d+$/.test(value.trim()))) return undefined
  const port = Number(value)
  return Number.isInteger(port) && port <= 65_535 ? port : undefined
}
