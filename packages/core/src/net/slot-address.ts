/** Where the worker of one slot listens beside the shared socket. */
export type SlotAddress =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }

const UNIX = 'unix:'
/** `{slot}`, and `{4000+slot}` for so many more. */
const PLACE = /\{(?:(\d{1,5})\+)?slot\}/g

/**
 * Reads `unix:PATH` or `HOST:PORT` (IPv6 in brackets), with `{slot}` or `{N+slot}` in the path or the port, for one slot;
 * undefined: it is neither, or names no slot, so that the workers would have one address for all.
 */
export function slotAddress(template: string, slot: number): SlotAddress | undefined {
  const filled = template.replace(PLACE, (_, base: string | undefined) => String(Number(base ?? 0) + slot))
  if (filled === template || /[{}]/.test(filled)) return undefined
  if (!filled.startsWith(UNIX)) return hasPortOfSlot(template) ? tcpAddress(filled) : undefined
  const path = filled.slice(UNIX.length)
  return path === '' || path.endsWith('/') ? undefined : { type: 'unix', path }
}

/** The host is the same for all. */
function hasPortOfSlot(template: string): boolean {
  return !template.slice(0, template.lastIndexOf(':')).includes('{')
}

function tcpAddress(text: string): SlotAddress | undefined {
  const [, inBrackets, plain, digits] = /^(?:\[([\da-f:.%\w]+)\]|([^\s/:[\]]+)):(\d{1,6})$/i.exec(text) ?? []
  const host = inBrackets ?? plain
  const port = Number(digits)
  return host === undefined || port < 1 || port > 65_535 ? undefined : { type: 'tcp', host, port }
}
