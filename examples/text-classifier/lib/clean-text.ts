const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }
const SIGNATURE = /^(-- ?|sent from my .{1,40})$/i
const REPLY_HEADER = /^on .{4,120} wrote:$/i

/** What a person wrote, out of a raw message: no markup, links, quoted replies or signature. */
export function cleanText(raw: string): string {
  const plain = raw.replace(/<\/?[a-z!][^<>]{0,500}>/gi, ' ').replace(/&(\w{2,4}|#39);/g, decodeEntity)
  const cleaned = collapse(withoutReply(plain).replace(/\bhttps?:\/\/\S+/gi, ' '))
  // A message of nothing but a link or a quotation still has to be read as something.
  return cleaned === '' ? collapse(raw) : cleaned
}

function decodeEntity(entity: string, name: string): string {
  if (name === '#39') return "'"
  return ENTITIES[name] ?? entity
}

function withoutReply(text: string): string {
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd())
  const end = lines.findIndex((line) => SIGNATURE.test(line) || REPLY_HEADER.test(line))
  return lines
    .slice(0, end === -1 ? lines.length : end)
    .filter((line) => !line.startsWith('>'))
    .join('\n')
}

function collapse(text: string): string {
  return text.normalize('NFC').replace(/\s+/g, ' ').trim()
}
