import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'

/** One POST on a connection of its own, outside the books. */
export async function ask(port, path, input = {}) {
  const headers = { 'content-type': 'application/json' }
  const sent = request({ port, host: '127.0.0.1', path, method: 'POST', headers, agent: false })
  sent.end(JSON.stringify(input))
  const [answer] = await once(sent, 'response')
  return { status: answer.statusCode, body: await text(answer) }
}
