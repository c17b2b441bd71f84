import { BlockList } from 'node:net'

/** Do two texts mean one IP address? Spelling, a zone and an IPv4 address inside IPv6 make no difference. */
export function sameAddress(one: string, other: string): boolean {
  const list = new BlockList()
  list.addAddress(withoutZone(one), typeOf(one))
  return list.check(withoutZone(other), typeOf(other))
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, '')
}

function typeOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}
