/** The URL a client on this machine can use for a bound address: one that means every interface becomes loopback. */
export function socketUrl(address: string, port: number): string {
  if (address === '0.0.0.0') return `http://127.0.0.1:${port}`
  if (address === '::') return `http://[::1]:${port}`
  return `http://${socketAddress(address, port)}`
}

/** An address and its port as one word; IPv6 in brackets. */
export function socketAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
