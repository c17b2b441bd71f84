const POST_BYTES = 16 * 1024
const POST_BODY = JSON.stringify({ text: 'p'.repeat(POST_BYTES) })
const UPLOAD_PIECES = 8
const UPLOAD_PIECE = 'u'.repeat(2048)
const WAIT_MS = 300
const STREAM_ITEMS = 10
const STREAM_GAP_MS = 50
/** More than both sockets' buffers hold, so that most of it is still with the server while the client dawdles. */
export const DOWNLOAD_BYTES = 8 * 1024 * 1024

/**
 * What clients ask for: how the request is sent, what a right answer is, and how long the server takes for it by
 * itself (`serverMs`).
 */
export const REQUESTS = {
  who: { path: '/who', body: '{}', isRight: isWho },
  below: { path: '/below', body: '{}', isRight: isWho },
  wait: { path: '/wait', body: JSON.stringify({ ms: WAIT_MS }), serverMs: WAIT_MS, isRight: isWho },
  post: { path: '/post', body: POST_BODY, isRight: (answer) => isWho(answer) && fields(answer).length === POST_BYTES },
  upload: {
    path: '/post',
    pieces: ['{"text":"', ...Array.from({ length: UPLOAD_PIECES }, () => UPLOAD_PIECE), '"}'].map(chunked),
    gapMs: 100,
    isRight: (answer) => isWho(answer) && fields(answer).length === UPLOAD_PIECES * UPLOAD_PIECE.length,
  },
  stream: {
    path: '/ticks',
    body: JSON.stringify({ items: STREAM_ITEMS, ms: STREAM_GAP_MS }),
    serverMs: STREAM_ITEMS * STREAM_GAP_MS,
    isRight: ({ text }) => areTicks(text.split('\n').slice(0, -1)),
  },
  download: {
    path: '/download',
    body: '{}',
    readPauseMs: 15,
    isRight: (answer) => answer.bytes === DOWNLOAD_BYTES && /^pid \d+\n/.test(answer.text),
  },
}

/** How the request is written. */
export function compose({ path, body, pieces, gapMs, readPauseMs }, { id, keep }) {
  const lines = [`POST ${path} HTTP/1.1`, 'host: chaos', 'content-type: application/json', `x-request-id: ${id}`]
  if (!keep) lines.push('connection: close')
  lines.push(pieces === undefined ? `content-length: ${body.length}` : 'transfer-encoding: chunked')
  const head = `${lines.join('\r\n')}\r\n\r\n`
  if (pieces === undefined) return { head: head + body, readPauseMs }
  return { head, pieces: [...pieces, '0\r\n\r\n'], gapMs, readPauseMs }
}

/** The process that answered. */
export function answererOf(answer) {
  return Number(/"pid":(\d+)|^pid (\d+)/.exec(answer.text)?.slice(1).find(Boolean))
}

function chunked(text) {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

function isWho(answer) {
  return Number.isInteger(fields(answer)?.pid)
}

/** All of them, in order, from one process. */
function areTicks(lines) {
  const ticks = lines.map((text) => fields({ text }))
  const isNext = (tick, at) => tick?.tick === at + 1 && tick.pid === ticks[0].pid
  return ticks.length === STREAM_ITEMS && ticks.every(isNext)
}

function fields({ text }) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
