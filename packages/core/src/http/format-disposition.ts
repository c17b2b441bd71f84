/** What a client keeps a file as, by RFC 6266: a plain name for old ones, the real one beside it where they differ. */
export function formatDisposition(fileName: string, type: string): string {
  // What a browser can show it may show; anything else (HTML with scripts, too) is only kept.
  const shown = /^(?:image\/(?!svg)|audio\/|video\/|application\/pdf$|text\/plain\b)/.test(type)
  const kind = shown ? 'inline' : 'attachment'
  const plain = fileName.replace(/[^\x20-\x7e]|["\\]/g, '_')
  if (plain === fileName) return `${kind}; filename="${plain}"`
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encodeValue(fileName)}`
}

/** RFC 8187: what encodeURIComponent leaves as it is and the header may not hold. */
function encodeValue(text: string): string {
  const wellFormed = text.replace(/[\ud800-\udfff]/gu, '_')
  return encodeURIComponent(wellFormed).replace(
    /['()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
