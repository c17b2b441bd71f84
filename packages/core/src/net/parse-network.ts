/** Addresses of one network. */
export interface Network {
  readonly address: string
  /** How many of its leading bits all of them share. */
  readonly prefix: number
}

/** Networks that have a name, as Express and Fastify know them. */
const NAMED: Readonly<Record<string, readonly Network[]>> = {
  loopback: [
    { address: '127.0.0.0', prefix: 8 },
    { address: '::1', prefix: 128 },
  ],
  linklocal: [
    { address: '169.254.0.0', prefix: 16 },
    { address: 'fe80::', prefix: 10 },
  ],
  uniquelocal: [
    { address: '10.0.0.0', prefix: 8 },
    { address: '172.16.0.0', prefix: 12 },
    { address: '192.168.0.0', prefix: 16 },
    { address: 'fc00::', prefix: 7 },
  ],
}

/** An address, `10.0.0.0/8`, or a name that stands for some; undefined: none of them. */
export function parseNetwork(text: string): readonly Network[] | undefined {
  if (Object.hasOwn(NAMED, text)) return NAMED[text]
  const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const bits = bitsOf(address)
  const prefix = length === undefined ? bits : Number(length)
  return bits === 0 || prefix > bits ? undefined : [{ address, prefix }]
}

/** Of an address; 0: it is none. */
function bitsOf(address: string): number {
  if (address.includes(':')) return URL.canParse(`http://[${address}]`) ? 128 : 0
  const parts = address.split('.')
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255) ? 32 : 0
}
