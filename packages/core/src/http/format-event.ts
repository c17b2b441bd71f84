/** One Server-Sent Event; a line break in the data begins a line of its own, and none ends the event early. */
export function formatEvent(data: string, fields: { readonly id?: number; readonly event?: string } = {}): string {
  const { id, event } = fields
  const head = `${event === undefined ? '' : `event: ${event}\n`}${id === undefined ? '' : `id: ${id}\n`}`
  const lines = data.split(/\r\n|\r|\n/)
  return `${head}${lines.map((line) => `data: ${line}\n`).join('')}\n`
}
