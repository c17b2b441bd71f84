/** A Unix socket as Linux lists it. */
export interface UnixSocket {
  readonly inode: string
  /** Empty: it has no name. An abstract one begins with `@`. */
  readonly path: string
  readonly listens: boolean
  readonly stream: boolean
}

const ACCEPTS = 0x10000
const STREAM = 1

/** The sockets in the text of `/proc/net/unix`: those of this network namespace. */
export function parseProcUnix(text: string): UnixSocket[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const match = /^\S+: \S+ \S+ (\S+) (\S+) \S+ +(\d+)(?: (.*))?$/.exec(line)
      if (match === null) return []
      const [, flags = '', type = '', inode = '', path = ''] = match
      const listens = (Number.parseInt(flags, 16) & ACCEPTS) !== 0
      return [{ inode, path, listens, stream: Number.parseInt(type, 16) === STREAM }]
    })
}
