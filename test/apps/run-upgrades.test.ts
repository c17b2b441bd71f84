import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const APP = resolve('test/fixtures/apps/upgrades.cjs')

function runApp(flags: readonly string[] = []): Promise<ServingCommand> {
  const base = ['run', APP, '--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--log-level', 'debug']
  return startServing([EKIBEN, ...base, ...flags], {})
}

/** A connection that the app has taken over. `stays`: the client does not end it because the app does. */
async function takenOver(run: ServingCommand, { stays = false } = {}): Promise<Socket> {
  const socket = connect({ port: Number(new URL(run.url).port), host: '127.0.0.1', allowHalfOpen: stays })
  socket.write('GET / HTTP/1.1\r\nhost: app\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
  const [head] = (await once(socket, 'data')) as [Buffer]
  assert.match(head.toString(), /^HTTP\/1\.1 101 /)
  return socket
}

async function echo(socket: Socket, word: string): Promise<string> {
  socket.write(word)
  const [piece] = (await once(socket, 'data')) as [Buffer]
  return piece.toString()
}

describe('connections that an app under ekiben run has taken over', () => {
  it('go on at a stop until the last request is answered, and are then ended', async () => {
    await using run = await runApp()
    const socket = await takenOver(run)
    const asked = fetch(`${run.url}/held`, { headers: { connection: 'close' } }).then((response) => response.text())
    await waitUntil(() => run.stdout().includes('"held"'), { describe: 'the request to arrive' })
    assert.equal(await (await fetch(run.url)).text(), 'plain')
    run.kill('SIGTERM')
    const drains = () => logLines(run.stdout()).some(({ slot, to }) => slot !== undefined && to === 'draining')
    await waitUntil(drains, { describe: () => `a worker that drains:\n${run.stdout()}` })
    const ended = once(socket, 'end')
    assert.equal(await echo(socket, 'still there'), 'still there')
    assert.equal(await echo(socket, 'answer'), 'answer')
    assert.equal(await asked, 'held')
    await ended
    assert.equal((await run.exited).code, 0)
  })

  it('are all ended at a stop, and cut at the deadline where their client stays; each is told', async () => {
    await using run = await runApp(['--set', 'supervision.drainTimeoutMs=3000'])
    const leaving = await Promise.all([1, 2, 3].map(() => takenOver(run)))
    const staying = await Promise.all([1, 2].map(() => takenOver(run, { stays: true })))
    const ended = [...leaving, ...staying].map((socket) => once(socket.resume(), 'end'))
    assert.equal(await run.stop(), 7)
    await Promise.all(ended)
    for (const socket of staying) socket.destroy()
    const told = logLines(run.stdout()).flatMap(({ msg, what }) => (msg === 'had to be cut short' ? [what] : []))
    const [app] = logLines(run.stdout()).flatMap(({ service }) => (service === undefined ? [] : [service]))
    const expected = `${app}#0: a connection that was taken over (upgraded)`
    assert.deepEqual(
      told.filter((what) => what === expected),
      [expected, expected],
      told.join('\n'),
    )
  })
})
