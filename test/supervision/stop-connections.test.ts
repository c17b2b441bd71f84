import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { postText, type RawClient, rawClient } from '../helpers/http-host.js'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const isLast = (answer = '') => /^connection: close/im.test(answer)
const isOk = (answer = '') => answer.startsWith('HTTP/1.1 200')
const portOf = (server: ServingCommand) => Number(new URL(server.url).port)

async function connect(server: ServingCommand, text = ''): Promise<RawClient> {
  const client = await rawClient(portOf(server))
  if (text !== '') client.write(text)
  return client
}

/** Until the workers have read what was written to them, and a stop has gone so far. */
async function stopUpTo(server: ServingCommand, state: string): Promise<void> {
  await call(server.url, 'echo', { text: 'read' })
  server.kill('SIGTERM')
  const isThere = () => logLines(server.stdout()).some(({ slot, to }) => slot !== undefined && to === state)
  await waitUntil(isThere, { describe: () => `a worker that is ${state}:\n${server.stdout()}` })
}

const ECHO = postText('/echo', { text: 'whole' })
const HALF_HEAD = 20
const HALF_BODY = ECHO.length - 5

describe('a stop', () => {
  it('ends every kind of connection in order, and exits 0', async () => {
    await using server = await serveFixture('connections', ['--log-level', 'debug'])
    await using idle = await connect(server, ECHO)
    await idle.answers(1)
    await using silent = await connect(server)
    await using pipelined = await connect(server, postText('/hold', { ms: 600 }) + postText('/hold', { ms: 600 }))
    await using halfHead = await connect(server, ECHO.slice(0, HALF_HEAD))
    await using halfBody = await connect(server, ECHO.slice(0, HALF_BODY))
    await using slowReader = await connect(server)
    slowReader.socket.pause()
    slowReader.write(postText('/big', {}))
    await stopUpTo(server, 'draining')

    assert.deepEqual((await pipelined.answers(2)).map(isOk), [true, true])
    assert.equal(await pipelined.closed(), 'ended')
    assert.deepEqual([await idle.closed(), await silent.closed()], ['ended', 'ended'])
    // The idle window is over: these two were not taken for idle.
    halfHead.write(ECHO.slice(HALF_HEAD))
    halfBody.write(ECHO.slice(HALF_BODY))
    for (const client of [halfHead, halfBody]) {
      const [answer] = await client.answers(1)
      assert.ok(isOk(answer) && isLast(answer), answer)
      assert.equal(await client.closed(), 'ended')
    }
    slowReader.socket.resume()
    const [big = ''] = await slowReader.answers(1)
    assert.ok(big.endsWith('x'.repeat(100)))
    assert.equal((await server.exited).code, 0)
  })

  it('answers what comes on an idle connection before its window is over', async () => {
    const flags = ['--log-level', 'debug', '--set', 'supervision.keepAliveDrainMs=15000']
    await using server = await serveFixture('connections', flags)
    await using idle = await connect(server, ECHO)
    await idle.answers(1)
    await stopUpTo(server, 'draining')
    idle.write(ECHO)
    const [, answer] = await idle.answers(2)
    assert.ok(isOk(answer) && isLast(answer), answer)
    assert.equal((await server.exited).code, 0)
  })

  /** Stops one whose clients are not done; what it says that it had to cut. */
  async function cutAtDeadline(): Promise<readonly string[]> {
    const flags = ['--log-level', 'debug', '--timeout-graceful-shutdown', '2']
    await using server = await serveFixture('connections', flags)
    await using long = await connect(server, postText('/hold?secret=1', { ms: 60_000 }))
    await using halfHead = await connect(server, ECHO.slice(0, HALF_HEAD))
    await using halfBody = await connect(server, ECHO.slice(0, HALF_BODY))
    await using slowReader = await connect(server)
    slowReader.socket.pause()
    slowReader.write(postText('/big', {}))
    await call(server.url, 'echo', { text: 'read' })
    assert.equal(await server.stop('SIGTERM'), 7)
    for (const client of [long, halfHead, halfBody]) await client.closed()
    const cut = logLines(server.stdout()).flatMap(({ msg, what }) => (msg === 'had to be cut short' ? [what] : []))
    return cut.map((what) => String(what).replace(/\d{2,}/, 'N'))
  }

  it('cuts at the deadline whoever is not done, says each, and exits 7', async () => {
    const expected = [
      'Connections#0: POST /echo after N ms',
      'Connections#0: POST /hold after N ms',
      'Connections#0: a request that was not yet received as a whole',
      'Connections#0: an answer of which its client had not taken N bytes',
    ]
    let missing: readonly string[] = expected
    let found: readonly string[] = []
    // A worker that a busy machine keeps from leaving in time is killed, perhaps before it has told, and that is said.
    for (let tries = 1; tries === 1 || (tries <= 3 && found.some((what) => / killed/.test(what))); tries++) {
      found = await cutAtDeadline()
      missing = expected.filter((what) => !found.includes(what))
      if (missing.length === 0) break
    }
    assert.deepEqual(missing, [], found.join('\n'))
  })
})

describe('the delay before a stop', () => {
  it('says 503 to readiness at once, and serves on, new connections too, telling clients to connect anew', async () => {
    const flags = ['--log-level', 'debug', '--set', 'supervision.prestopDelayMs=5000']
    await using server = await serveFixture('connections', flags)
    await using known = await connect(server, ECHO)
    await known.answers(1)
    const start = performance.now()
    server.kill('SIGTERM')
    const probe = async (path: string) =>
      (await fetch(`${server.url}${path}`, { headers: { connection: 'close' } })).status
    await waitUntil(async () => (await probe('/readyz')) === 503, { describe: '503 of /readyz' })
    assert.equal(await probe('/livez'), 200)
    assert.equal((await call(server.url, 'echo', { text: 'new' })).status, 200)
    known.write(ECHO)
    const [, answer] = await known.answers(2)
    assert.ok(isOk(answer) && isLast(answer), answer)
    assert.equal(
      logLines(server.stdout()).some(({ to, slot }) => slot !== undefined && to === 'draining'),
      false,
    )
    assert.equal((await server.exited).code, 0)
    assert.ok(performance.now() - start > 4_900)
  })

  it('is over at the second signal', async () => {
    const flags = ['--set', 'supervision.prestopDelayMs=20000']
    await using server = await serveFixture('connections', flags)
    server.kill('SIGTERM')
    const signals = () => logLines(server.stdout()).filter(({ msg }) => msg === 'signal').length
    await waitUntil(() => signals() === 1)
    const start = performance.now()
    server.kill('SIGTERM')
    assert.equal((await server.exited).code, 143)
    assert.ok(performance.now() - start < 15_000)
  })
})

describe('a client that connects while the instance stops', () => {
  /** One that is left in the queue is reset when the last worker goes, after the long request. */
  const HOLD_MS = 6_000
  const AT_ONCE_MS = 3_000

  it('is served or refused, and never reset later', async () => {
    await using server = await serveFixture('connections', ['--api-workers', '2', '--log-level', 'debug'])
    // Keeps the drain going for a while.
    await using long = await connect(server, postText('/hold', { ms: HOLD_MS }))
    const outcomes: Outcome[] = []
    let isOver = false
    const loop = async (): Promise<void> => {
      while (!isOver) outcomes.push(await knock(portOf(server)))
    }
    const loops = Array.from({ length: 4 }, loop)
    await waitUntil(() => outcomes.length > 20)
    const code = await server.stop('SIGTERM')
    isOver = true
    await Promise.all(loops)
    assert.equal(code, 0)
    assert.ok(isOk((await long.answers(1))[0]))
    const count = (what: Outcome['what']) => outcomes.filter((outcome) => outcome.what === what).length
    assert.ok(count('served') > 0 && count('refused') > 0)
    assert.deepEqual(
      outcomes.filter(({ what, ms }) => what === 'unanswered' || (what === 'reset' && ms > AT_ONCE_MS)),
      [],
      `${count('served')} served, ${count('refused')} refused, ${count('reset')} reset at once`,
    )
  })
})

interface Outcome {
  readonly what: 'served' | 'refused' | 'reset' | 'unanswered'
  readonly ms: number
}

/** One request on a connection of its own. */
async function knock(port: number): Promise<Outcome> {
  const start = performance.now()
  const outcome = (what: Outcome['what']): Outcome => ({ what, ms: performance.now() - start })
  try {
    await using client = await rawClient(port)
    client.write(postText('/echo', { text: 'x' }, ['connection: close']))
    const how = await client.closed()
    if (isOk(client.received)) return outcome('served')
    return outcome(how === 'reset' ? 'reset' : 'unanswered')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') return outcome('reset')
    await nextTurn()
    return outcome('refused')
  }
}
