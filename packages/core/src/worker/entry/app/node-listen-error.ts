import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { getSystemErrorMap } from 'node:util'
import type { ListenTarget } from './listen-target.js'

/** What Node's own `listen` would have failed with, and ours as its cause; ours where the system had no part in it. */
export async function nodeListenError(error: unknown, { host, port }: ListenTarget): Promise<unknown> {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException
  const known = [...getSystemErrorMap()].find(([, [name]]) => name === code)
  if (known === undefined) return error
  const [errno, [, reason]] = known
  const address = await addressOf(host, code)
  const message = `listen ${code}: ${reason} ${address}:${port}`
  return Object.assign(new Error(message, { cause: error }), { code, errno, syscall: 'listen', address, port })
}

/** Where every interface is asked for, Node tries that of IPv4 when IPv6's cannot be bound. */
async function addressOf(host: string | undefined, code: string | undefined): Promise<string> {
  if (host === undefined) return code === 'EACCES' ? '0.0.0.0' : '::'
  if (isIP(host) !== 0) return host
  const found = await lookup(host).catch(() => undefined)
  return found?.address ?? host
}
