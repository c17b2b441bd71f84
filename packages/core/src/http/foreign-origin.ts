import { isIP } from 'node:net'
import { createError } from '../errors/service-error.js'
import type { CorsPolicy } from './cors.js'

/** How a host differs for whoever works on the code. */
export interface DevelopmentHosting {
  /** The name or address that it was told to listen on. */
  readonly host: string
}

export interface OwnOrigin extends DevelopmentHosting {
  readonly cors: CorsPolicy | undefined
  readonly scheme: 'http' | 'https'
}

interface Heads {
  readonly origin?: string | undefined
  readonly host?: string | undefined
  /** As HTTP/2 has it. */
  readonly ':authority'?: string | undefined
}

/**
 * Throws EKB_ERR_ORIGIN_FOREIGN for a request of a page that is not ours: any page that is open in a browser can reach a
 * port of its machine. A page whose name has been made to lead here is no better: its `Host` is its own name, and none
 * of ours.
 */
export function refuseForeignOrigin(heads: Heads, own: OwnOrigin): void {
  const { origin, host = heads[':authority'] ?? '' } = heads
  if (origin === undefined || isAllowed(origin, own.cors)) return
  const address = `${own.scheme}://${host}`
  const ours = URL.canParse(address) ? new URL(address) : undefined
  if (ours !== undefined && origin === ours.origin && isOwnName(ours.hostname, own.host)) return
  throw createError('EKB_ERR_ORIGIN_FOREIGN', { origin })
}

function isAllowed(origin: string, cors: CorsPolicy | undefined): boolean {
  return cors !== undefined && (cors.origins === '*' || cors.origins.includes(origin))
}

/** An address is nobody's to give away. */
function isOwnName(name: string, host: string): boolean {
  return (
    name === 'localhost' || name.endsWith('.localhost') || name === host || isIP(name.replace(/^\[|\]$/g, '')) !== 0
  )
}
