import assert from 'node:assert/strict'
import diagnostics from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createConnection } from 'node:net'
import { describe, it } from 'node:test'
import { defineService } from '../../packages/core/build/service/define-service.js'
import { startHost } from '../helpers/http-host.js'
import { waitUntil } from '../helpers/wait-until.js'

const Echo = defineService(
  class Echo {
    echo(input: unknown) {
      return input
    }
  },
  { apis: { echo: {} } },
)

const BODY = JSON.stringify({ text: 'hello' })
const HEAD = [
  'POST /echo HTTP/1.1',
  'host: test',
  'content-type: application/json',
  `content-length: ${BODY.length}`,
  'connection: close',
  '\r\n',
].join('\r\n')

/** Sends so many pieces, each once the host has begun with what came before; which listeners its request was given. */
async function listenersOf(...pieces: readonly string[]): Promise<readonly unknown[]> {
  await using server = await startHost(Echo)
  const given: unknown[] = []
  let begun = 0
  const onStart = (message: unknown): void => {
    const { request } = message as { readonly request: IncomingMessage }
    request.on('newListener', (event) => given.push(event))
    // The host has had its turn with the request by then.
    setImmediate(() => begun++)
  }
  diagnostics.subscribe('http.server.request.start', onStart)
  try {
    const socket = createConnection({ port: server.port, host: '127.0.0.1', noDelay: true })
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
    })
    const closed = once(socket, 'close')
    const [first, ...others] = pieces
    socket.write(first ?? '')
    for (const piece of others) {
      await waitUntil(() => begun > 0, { describe: 'the host to see the head' })
      socket.write(piece)
    }
    await closed
    assert.match(answer, /^HTTP\/1\.1 200 /)
    assert.ok(answer.endsWith(BODY), answer)
    return given
  } finally {
    diagnostics.unsubscribe('http.server.request.start', onStart)
  }
}

describe('the body of a request', () => {
  it('is taken at once, with no listener for its pieces, when it came with its head', async () => {
    assert.deepEqual(
      (await listenersOf(HEAD + BODY)).filter((event) => event === 'data'),
      [],
    )
  })

  it('is listened for when it comes after its head', async () => {
    assert.deepEqual(
      (await listenersOf(HEAD, BODY)).filter((event) => event === 'data'),
      ['data'],
    )
  })
})
