/** A Unix socket as Linux lists it. */
export interface UnixSocket {
  /** Empty: it has no name. An abstract one begins with `@`. */
  readonly path: string
  readonly listens: boolean
  readonly stream: boolean
}

const ACCEPTS = 0x10000
const STREAM = 1

/** The socket with this inode in the text of `/proc/net/unix`; undefined: it belongs to another network namespace. */
export function parseProcUnix(text: string, inode: string): UnixSocket | undefined {
  for (const line of text.split('\n').slice(1)) {
    const match = /^\S+: \S+ \S+ (\S+) (\S+) \S+ +(\d+)(?: (.*))?$/.exec(line)
    if (match === null) continue
    const [, flags = '', type = '', number, path = ''] = match
    if (number !== inode) continue
    const listens = (Number.parseInt(flags, 16) & ACCEPTS) !== 0
    return { path, listens, stream: Number.parseInt(type, 16) === STREAM }
  }
  return undefined
}
