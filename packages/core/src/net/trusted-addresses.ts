import { BlockList } from 'node:net'
import { parseNetwork } from './parse-network.js'

/** Whose word on a client's address is taken: anybody's, or that of these networks. */
export type TrustProxy = true | readonly string[]

/** Tells whether an address is among those that are trusted. */
export function trustedAddresses(trust: TrustProxy): (address: string) => boolean {
  if (trust === true) return () => true
  const list = new BlockList()
  for (const { address, prefix } of trust.flatMap((text) => parseNetwork(text) ?? [])) {
    list.addSubnet(address, prefix, familyOf(address))
  }
  return (address) => {
    const plain = address.replace(/%.*$/, '')
    return list.check(plain, familyOf(plain))
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}
