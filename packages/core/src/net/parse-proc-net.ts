/** A listening TCP socket as Linux lists it. */
export interface ListeningSocket {
  readonly address: string
  readonly port: number
  readonly family: 4 | 6
  readonly uid: number
  readonly inode: string
}

const LISTEN = '0A'

/** The listening sockets in the text of `/proc/net/tcp` or `/proc/net/tcp6`, of a little-endian machine. */
export function parseProcNet(text: string): ListeningSocket[] {
  const sockets: ListeningSocket[] = []
  for (const line of text.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/)
    const [, local, , state] = columns
    const [uid, inode] = [columns[7], columns[9]]
    if (state !== LISTEN || local === undefined || uid === undefined || inode === undefined) continue
    const [hexAddress, hexPort] = local.split(':')
    if (hexAddress === undefined || hexPort === undefined) continue
    const family = hexAddress.length === 8 ? 4 : 6
    const address = family === 4 ? ipv4(hexAddress) : ipv6(hexAddress)
    sockets.push({ address, port: Number.parseInt(hexPort, 16), family, uid: Number(uid), inode })
  }
  return sockets
}

/** Each 32-bit word is printed as the machine holds it: its bytes stand in reverse. */
function bytes(hexWord: string): string[] {
  return (hexWord.match(/../g) ?? []).reverse()
}

function ipv4(hex: string): string {
  return bytes(hex)
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
}

function ipv6(hex: string): string {
  const inOrder = (hex.match(/.{8}/g) ?? []).flatMap(bytes).join('')
  return (inOrder.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16).toString(16)).join(':')
}
