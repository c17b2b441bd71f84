/**
 * The URL a client on this machine can use for a bound address: one that means every interface becomes loopback.
 * A Unix socket, given as its path or its abstract name after `@`, is shown as `unix:/run/app.sock`.
 */
export function socketUrl(address: string, port: number): string {
  if (isSocketPath(address)) return `unix:${address}`
  if (address === '0.0.0.0') return `http://127.0.0.1:${port}`
  if (address === '::') return `http://[::1]:${port}`
  return `http://${socketAddress(address, port)}`
}

/** An address and its port as one word; IPv6 in brackets; a Unix socket by its path. */
export function socketAddress(host: string, port: number): string {
  if (isSocketPath(host)) return host
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Is it the address of a Unix socket? */
export function isSocketPath(address: string): boolean {
  return address.startsWith('/') || address.startsWith('@')
}
