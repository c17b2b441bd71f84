import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'
import { makeAuthority } from '../helpers/certificates.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const APPS = resolve('test/fixtures/apps')

function runApp(app: string, flags: readonly string[] = [], env = {}): Promise<ServingCommand> {
  const base = ['run', `${APPS}/${app}`, '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
  return startServing([EKIBEN, ...base, '--instance', 'app', ...flags], { env })
}

/** A WebSocket that is open. */
async function open(run: ServingCommand): Promise<WebSocket> {
  const socket = new WebSocket(run.url.replace('http', 'ws'))
  await once(socket, 'open')
  return socket
}

async function say(socket: WebSocket, word: string): Promise<readonly [pid: string, echo: string]> {
  socket.send(word)
  const [data] = (await once(socket, 'message')) as [Buffer]
  const [pid = '', echo = ''] = data.toString().split(' ')
  return [pid, echo]
}

const said = (run: ServingCommand): string[] => run.stdout().match(/^\{"said".*$/gm) ?? []

describe('ekiben run of an app with WebSockets', () => {
  it('ends those of ws at a stop, before the app hears of it', async () => {
    await using run = await runApp('ws.mjs')
    const socket = await open(run)
    assert.equal((await say(socket, 'hello'))[1], 'hello')
    assert.equal(await (await fetch(run.url)).text(), 'plain')
    const closed = once(socket, 'close')
    assert.equal(await run.stop(), 0)
    // As every connection that ends without a word of the app's.
    assert.equal((await closed)[0], 1006)
    assert.deepEqual(said(run), ['{"said":"closed","code":1006}', '{"said":"SIGTERM","clients":0}'])
  })

  it('has those of ws connect anew after a reload, to another worker', async () => {
    await using run = await runApp('ws.mjs')
    const socket = await open(run)
    const [before] = await say(socket, 'one')
    const closed = once(socket, 'close')
    const reloaded = await runNodeToEnd([EKIBEN, 'reload', '--instance', 'app'], { runtimeDir: run.runtimeDir })
    assert.equal(reloaded.code, 0, reloaded.stderr)
    await closed
    const anew = await open(run)
    const [after, echo] = await say(anew, 'two')
    assert.equal(echo, 'two')
    assert.notEqual(after, before)
    anew.close()
    await once(anew, 'close')
    assert.equal(await run.stop(), 0)
  })

  it('carries socket.io by WebSocket, on the one socket of all workers', async () => {
    await using run = await runApp('socket-io.mjs', ['--api-workers', '2'])
    const slots = new Set<string>()
    await waitUntil(
      async () => {
        const client = io(run.url, { transports: ['websocket'], forceNew: true, reconnection: false })
        slots.add((await client.emitWithAck('slot')) as string)
        client.close()
        return slots.size === 2
      },
      { describe: 'an answer of each worker' },
    )
    assert.equal(await run.stop(), 0)
  })
})

describe('ekiben run of an app of node:https', () => {
  it('leaves the app its certificate, and answers what is in flight at a stop', async () => {
    const authority = makeAuthority()
    const { cert, key } = authority.issue('localhost')
    await using run = await runApp('https.mjs', ['--api-workers', '2'], { TEST_CERT: cert, TEST_KEY: key })
    const { port } = new URL(run.url)
    const ask = async (path: string): Promise<string> => {
      const sent = request({ port, path, host: '127.0.0.1', servername: 'localhost', ca: authority.cert, agent: false })
      const [answer] = (await once(sent.end(), 'response')) as [IncomingMessage]
      return text(answer)
    }
    assert.equal(await ask('/'), 'secure')
    const slow = ask('/slow')
    await waitUntil(() => said(run).length > 0, { describe: 'the request to arrive' })
    const stopped = run.stop()
    assert.equal(await slow, 'secure')
    assert.equal(await stopped, 0)
  })
})
