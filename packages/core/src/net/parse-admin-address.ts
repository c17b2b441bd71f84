/** Where the admin server listens. */
export type AdminAddress =
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | { readonly type: 'unix'; readonly path: string }

/** HOST:PORT (IPv6 in brackets), or a path, which has a slash; undefined: neither. */
export function parseAdminAddress(text: string): AdminAddress | undefined {
  if (text.includes('/')) return text.endsWith('/') ? undefined : { type: 'unix', path: text }
  const [, inBrackets, plain, digits] = /^(?:\[([\da-f:.%\w]+)\]|([^\s:[\]]+)):(\d{1,5})$/i.exec(text) ?? []
  const host = inBrackets ?? plain
  const port = Number(digits)
  return host === undefined || port > 65535 ? undefined : { type: 'tcp', host, port }
}
