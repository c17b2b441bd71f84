/**
 * The arguments of `net.Server.listen` with this backlog, where they name a port or a Unix socket: `(options, callback)`,
 * or `(port, host, backlog, callback)` with any of them left out.
 */
export function withBacklog(args: readonly unknown[], backlog: number): readonly unknown[] {
  const [first] = args
  const callback = args.filter((arg) => typeof arg === 'function').slice(-1)
  if (typeof first === 'object' && first !== null) {
    const { port, path } = first as { readonly port?: unknown; readonly path?: unknown }
    return port === undefined && path === undefined ? args : [{ ...first, backlog }, ...callback]
  }
  if (typeof first !== 'number' && typeof first !== 'string') return args
  const [, host] = args
  const named = typeof host === 'string' ? { host } : {}
  return [{ ...(isPort(first) ? { port: first } : { path: first }), ...named, backlog }, ...callback]
}

function isPort(value: number | string): boolean {
  return typeof value === 'number' || /^\d+$/.test(value.trim())
}
