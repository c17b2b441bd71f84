/** Where Node's inspector listens. */
export interface InspectAddress {
  readonly host: string
  readonly port: number
}

/** As Node's own `--inspect` has it. */
const DEFAULT: InspectAddress = { host: '127.0.0.1', port: 9229 }

/** Reads HOST:PORT, a host, a port, or true; false: nowhere, undefined: it is none of these. */
export function parseInspectAddress(value: unknown): InspectAddress | false | undefined {
  if (value === true) return DEFAULT
  if (value === false) return false
  const text = Number.isInteger(value) ? String(value) : value
  if (typeof text !== 'string' || text === '') return undefined
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]\s/]+))?(?::?(\d+))?$/.exec(onlyPort(text)) ?? []
  const host = bracketed ?? plain
  if (host === undefined && digits === undefined) return undefined
  const port = digits === undefined ? DEFAULT.port : Number(digits)
  return port > 65_535 ? undefined : { host: host ?? DEFAULT.host, port }
}

/** A number alone is a port. */
function onlyPort(text: string): string {
  return /^\d+$/.test(text) ? `:${text}` : text
}
