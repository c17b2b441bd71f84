/** Clients over TLS, one request at a time on each connection. */
import { once } from 'node:events'
import { connect } from 'node:tls'

const BODY = JSON.stringify({ text: 'The food was wonderful and the staff were kind' })

function requestText(connection) {
  const head = `POST /classify HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: ${connection}\r\n`
  return `${head}content-length: ${BODY.length}\r\n\r\n${BODY}`
}

const KEPT = requestText('keep-alive')
const CLOSED = requestText('close')

/**
 * How clients connect, each time giving the session to go on with the next time: `kept` connects once, `full` and `resumed`
 * for each request.
 */
export const MODES = ['full', 'resumed', 'kept']

/** So many clients ask until the time is up; how many answers there were, and how many sessions were gone on with. */
export async function ask({ port, mode, clients, ms }) {
  const until = performance.now() + ms
  const outcome = { answers: 0, resumed: 0 }
  const run = mode === 'kept' ? keepAsking : connectEachTime
  await Promise.all(Array.from({ length: clients }, () => run({ port, mode, until, outcome })))
  return outcome
}

async function keepAsking({ port, until, outcome }) {
  const socket = await open(port)
  while (performance.now() < until) {
    socket.write(KEPT)
    await answer(socket)
    outcome.answers++
  }
  socket.destroy()
}

async function connectEachTime({ port, mode, until, outcome }) {
  let session
  if (mode === 'resumed') session = await firstSession(port)
  while (performance.now() < until) {
    const socket = await open(port, session)
    if (socket.isSessionReused()) outcome.resumed++
    if (mode === 'resumed') {
      socket.on('session', (next) => {
        session = next
      })
    }
    socket.write(CLOSED)
    await answer(socket)
    outcome.answers++
    socket.destroy()
  }
}

async function firstSession(port) {
  const socket = await open(port)
  const given = once(socket, 'session')
  socket.write(CLOSED)
  const [session] = await given
  socket.destroy()
  return session
}

async function open(port, session) {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, session, ALPNProtocols: ['http/1.1'] })
  await once(socket, 'secureConnect')
  return socket
}

async function answer(socket) {
  let text = ''
  for (;;) {
    const [piece] = await once(socket, 'data')
    text += piece.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    const [, length = 0] = /content-length: (\d+)/i.exec(text) ?? []
    if (end !== -1 && text.length >= end + 4 + Number(length)) return
  }
}
