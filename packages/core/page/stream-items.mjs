/**
 * The items of a stream, as they come: `{ name, text }`, where `name` is that of the event, or `error` for the last
 * line of one that failed on the way. What is neither events nor lines comes in the pieces in which it arrives.
 */
export function streamItems(body, mediaType) {
  const pieces = textOf(body)
  if (mediaType === 'text/event-stream') return events(linesOf(pieces))
  if (mediaType === 'application/x-ndjson') return jsonLines(linesOf(pieces))
  return named(pieces)
}

async function* textOf(body) {
  // Not every browser can iterate over a stream.
  const reader = body.getReader()
  const decoder = new TextDecoder()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      const text = decoder.decode(value, { stream: !done })
      if (text !== '') yield text
      if (done) return
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

/** A line ends with CR LF, LF or CR; between the two of a pair a piece may end. */
async function* linesOf(pieces) {
  let rest = ''
  for await (const piece of pieces) {
    rest += piece
    const end = rest.endsWith('\r') ? rest.length - 1 : rest.length
    const lines = rest.slice(0, end).split(/\r\n|\n|\r/)
    rest = lines.pop() + rest.slice(end)
    yield* lines
  }
  if (rest !== '') yield rest.replace(/\r$/, '')
}

/** Server-Sent Events: fields up to an empty line; one that has no end is dropped. */
async function* events(lines) {
  let data = []
  let name = 'message'
  for await (const line of lines) {
    if (line === '') {
      if (data.length > 0) yield { name, text: data.join('\n') }
      data = []
      name = 'message'
      continue
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line)
    if (field === 'data') data.push(value)
    else if (field === 'event') name = value
  }
}

async function* jsonLines(lines) {
  for await (const line of lines)
    if (line.trim() !== '') yield { name: isError(line) ? 'error' : 'message', text: line }
}

async function* named(pieces) {
  for await (const text of pieces) yield { name: 'message', text }
}

/** `{ "error": … }` and nothing that an item of an api would have beside it. */
function isError(line) {
  if (!line.startsWith('{"error":')) return false
  try {
    const { error, code, statusCode } = JSON.parse(line)
    return typeof error === 'object' || (code !== undefined && statusCode !== undefined)
  } catch {
    return false
  }
}
