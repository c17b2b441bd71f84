import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setTimeout as think } from 'node:timers/promises'
import type { CallContext } from '../../packages/core/build/service/call-context.js'
import { defineService } from '../../packages/core/build/service/define-service.js'
import { postText, type RawClient, rawClient, startHost } from '../helpers/http-host.js'
import { waitUntil } from '../helpers/wait-until.js'

const held = new Map<string, () => void>()

const Api = defineService(
  class Api {
    echo({ text }: { text: string }) {
      return text
    }
    async work() {
      await think(5)
      return 'done'
    }
    async hold({ name }: { name: string }, { draining }: CallContext) {
      await new Promise<void>((resolve) => held.set(name, resolve))
      return draining.aborted ? 'draining' : name
    }
    big() {
      return 'x'.repeat(20_000_000)
    }
  },
  { apis: { echo: {}, work: {}, hold: {}, big: {} } },
)

const release = async (name: string) => {
  const resolve = await waitUntil(() => held.get(name))
  held.delete(name)
  resolve()
}
const LONG = 60_000
/** Reached only where something is held up. */
const FAR = 10_000
/** A drain accepts for so long. */
const ACCEPTS_MS = 1_000
const isLast = (answer = '') => /^connection: close/im.test(answer)

async function answered(client: RawClient, text: string, count: number): Promise<string> {
  client.write(text)
  return (await client.answers(count))[count - 1] ?? ''
}

describe('a drain', () => {
  test('answers what runs and what comes on open connections, each time with Connection: close', async () => {
    await using host = await startHost(Api)
    await using busy = await rawClient(host.port)
    await using resting = await rawClient(host.port)
    assert.equal(isLast(await answered(resting, postText('/echo', { text: 'a' }), 1)), false)
    busy.write(postText('/hold', { name: 'busy' }))
    await waitUntil(() => held.has('busy'))

    host.runner.beginDrain()
    const report = host.drain(LONG, LONG)
    const late = await answered(resting, postText('/echo', { text: 'b' }), 2)
    assert.match(late, /^HTTP\/1\.1 200[\s\S]*\r\n\r\nb$/)
    assert.equal(isLast(late), true)
    assert.equal(await resting.closed(), 'ended')

    await release('busy')
    const [last = ''] = await busy.answers(1)
    assert.match(last, /draining$/)
    assert.equal(isLast(last), true)
    assert.deepEqual(await report, { cut: [] })
  })

  test('leaves /readyz to its owner, says 200 on /livez, and refuses new connections', async () => {
    let isReady = true
    await using host = await startHost(Api, { isReady: () => isReady })
    await using replaced = await rawClient(host.port)
    await answered(replaced, postText('/echo', { text: 'known' }), 1)
    await using first = await rawClient(host.port)
    await using second = await rawClient(host.port)
    for (const client of [first, second]) await answered(client, postText('/echo', { text: 'known' }), 1)
    const report = host.drain(LONG, LONG)
    assert.match(await answered(replaced, 'GET /readyz HTTP/1.1\r\nhost: a\r\n\r\n', 2), /^HTTP\/1\.1 200/)
    isReady = false
    assert.match(await answered(first, 'GET /readyz HTTP/1.1\r\nhost: a\r\n\r\n', 2), /^HTTP\/1\.1 503/)
    assert.match(await answered(second, 'GET /livez HTTP/1.1\r\nhost: a\r\n\r\n', 2), /^HTTP\/1\.1 200/)
    await report
    await assert.rejects(rawClient(host.port), { code: 'ECONNREFUSED' })
  })

  test('closes idle connections after the window, one that never sent a byte included', async () => {
    await using host = await startHost(Api)
    await using silent = await rawClient(host.port)
    await using rested = await rawClient(host.port)
    await answered(rested, postText('/echo', { text: 'a' }), 1)
    assert.deepEqual(await host.drain(50, LONG), { cut: [] })
    assert.deepEqual([await silent.closed(), await rested.closed()], ['ended', 'ended'])
  })

  test('lets one that has just connected say its first word', async (t) => {
    await using host = await startHost(Api)
    await using rested = await rawClient(host.port)
    await answered(rested, postText('/echo', { text: 'a' }), 1)
    // It stays one that has just connected, however long this takes.
    const now = performance.now()
    t.mock.method(performance, 'now', () => now)
    await using silent = await rawClient(host.port)
    const report = host.drain(20, LONG)
    assert.equal(await rested.closed(), 'ended')
    assert.match(await answered(silent, postText('/echo', { text: 'b' }), 1), /b$/)
    assert.deepEqual(await report, { cut: [] })
  })

  test('leaves them until their next request where no window is given', async () => {
    await using host = await startHost(Api)
    await using resting = await rawClient(host.port)
    await answered(resting, postText('/echo', { text: 'a' }), 1)
    const report = host.drain(Number.POSITIVE_INFINITY, LONG)
    await think(300)
    assert.equal(isLast(await answered(resting, postText('/echo', { text: 'b' }), 2)), true)
    await report
  })

  test('takes those that wait in the backlog', async () => {
    await using host = await startHost(Api)
    // Connected while the loop is here: nobody has accepted them yet.
    const waiting = Array.from({ length: 20 }, () => rawClient(host.port))
    const report = host.drain(LONG, LONG)
    const clients = await Promise.all(waiting)
    const answers = await Promise.all(clients.map((client) => answered(client, postText('/echo', { text: 'x' }), 1)))
    assert.equal(answers.filter((answer) => answer.startsWith('HTTP/1.1 200')).length, 20)
    assert.deepEqual(await report, { cut: [] })
  })

  test('takes them too where the process stands still just then for all the time that there is for it', async () => {
    await using host = await startHost(Api)
    await using first = await rawClient(host.port)
    first.write(postText('/echo', { text: 'x' }))
    // From here to the end of the turn nothing is accepted.
    await once(first.socket, 'data')
    const waiting = Array.from({ length: 20 }, () => rawClient(host.port))
    await new Promise<void>((resolve) => process.nextTick(resolve))
    const report = host.drain(LONG, LONG)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ACCEPTS_MS + 100)
    const clients = await Promise.all(waiting)
    const answers = await Promise.all(clients.map((client) => answered(client, postText('/echo', { text: 'x' }), 1)))
    assert.equal(answers.filter((answer) => answer.startsWith('HTTP/1.1 200')).length, 20)
    first.socket.end()
    assert.deepEqual(await report, { cut: [] })
  })

  test('resets nobody who has just connected, however long others keep connecting', async () => {
    await using host = await startHost(Api)
    const asking: Promise<unknown>[] = []
    const ask = async () => {
      await using client = await rawClient(host.port)
      assert.match(await answered(client, postText('/echo', { text: 'new' }), 1), /new$/)
    }
    const windowMs = 100
    const until = performance.now() + 2 * windowMs
    const report = host.drain(windowMs, LONG)
    while (performance.now() < until) {
      asking.push(ask())
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(asking)
    assert.deepEqual(await report, { cut: [] })
  })

  test('answers all pipelined requests; the last says close', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    client.write(
      postText('/hold', { name: 'one' }) + postText('/hold', { name: 'two' }) + postText('/hold', { name: 'three' }),
    )
    await waitUntil(() => held.has('three'))
    const report = host.drain(LONG, LONG)
    for (const name of ['one', 'two', 'three']) await release(name)
    const answers = await client.answers(3)
    assert.deepEqual(answers.map(isLast), [false, false, true])
    assert.equal(await client.closed(), 'ended')
    await report
  })

  for (const when of ['before the drain', 'during it'] as const) {
    test(`sends an answer that was given ${when}, and waits behind a slower one`, async () => {
      await using host = await startHost(Api)
      await using client = await rawClient(host.port)
      client.write(postText('/hold', { name: 'slow' }) + postText('/hold', { name: 'quick' }))
      await waitUntil(() => held.has('quick'))
      const giveQuick = async () => {
        await release('quick')
        await waitUntil(() => host.log.some(({ message }) => message === 'request'))
      }
      if (when === 'before the drain') await giveQuick()
      const report = host.drain(20, FAR)
      if (when === 'during it') await giveQuick()
      await release('slow')
      const answers = await client.answers(2)
      assert.deepEqual(answers.map(isLast), [false, when === 'during it'])
      assert.equal(await client.closed(), 'ended')
      assert.deepEqual(await report, { cut: [] })
    })
  }

  test('waits for a request of which half has come', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    const text = postText('/echo', { text: 'whole' })
    client.write(text.slice(0, 20))
    await waitUntil(() => client.socket.writableLength === 0)
    await think(50)
    const report = host.drain(20, LONG)
    await think(200)
    assert.match(await answered(client, text.slice(20), 1), /whole$/)
    assert.deepEqual(await report, { cut: [] })
  })

  test('waits for the rest of a body whose request was refused, and for no more', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    const text = postText('/echo', { text: 'whole' }).replace('\r\n', '\r\ncontent-encoding: gzip\r\n')
    const refused = await answered(client, text.slice(0, -5), 1)
    assert.match(refused, /^HTTP\/1\.1 415/)
    assert.equal(isLast(refused), false)
    client.write(text.slice(-5))
    assert.deepEqual(await host.drain(20, FAR), { cut: [] })
    assert.equal(await client.closed(), 'ended')
  })

  test('lets a slow reader have its whole answer', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    client.socket.pause()
    client.write(postText('/big', {}))
    await waitUntil(() => host.log.some(({ message }) => message === 'request'))
    const report = host.drain(20, LONG)
    await think(200)
    client.socket.resume()
    const [answer = ''] = await client.answers(1)
    assert.ok(answer.endsWith('x'.repeat(100)))
    assert.deepEqual(await report, { cut: [] })
  })

  test('cuts the rest at the deadline, and says what', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    client.write(postText('/hold?secret=1', { name: 'stuck' }))
    await waitUntil(() => held.has('stuck'))
    const { cut } = await host.drain(10, 60)
    assert.equal(cut.length, 1)
    assert.match(cut[0] ?? '', /^POST \/hold after \d+ ms$/)
    await client.closed()
    await release('stuck')
  })

  test('can be hurried', async () => {
    await using host = await startHost(Api)
    await using client = await rawClient(host.port)
    client.write(postText('/hold', { name: 'hurried' }))
    await waitUntil(() => held.has('hurried'))
    const slow = host.drain(LONG, LONG)
    const quick = host.drain(10, 20)
    assert.equal((await quick).cut.length, 1)
    assert.equal(await slow, await quick)
    await release('hurried')
  })

  test('with nothing open is over at once, and closing after it is no error', async () => {
    await using host = await startHost(Api)
    assert.deepEqual(await host.drain(LONG, LONG), { cut: [] })
    await host.host.close()
  })
})

describe('under keep-alive load a drain loses nothing', () => {
  for (const [name, pauses] of [
    ['clients that never pause', () => 0],
    ['clients that think', () => Math.random() * 150],
  ] as const) {
    test(name, async () => {
      await using host = await startHost(Api)
      const clients = await Promise.all(Array.from({ length: 32 }, () => rawClient(host.port)))
      const counts = clients.map(() => 0)
      const loads = clients.map((client, at) =>
        requestUntilTold(client, pauses, () => {
          counts[at] = (counts[at] ?? 0) + 1
        }),
      )
      await waitUntil(() => counts.every((count) => count >= 2))
      const report = host.drain(1_000, 20_000)
      const outcomes = await Promise.all(loads)
      assert.deepEqual(await report, { cut: [] })
      assert.deepEqual(
        outcomes.filter((outcome) => outcome !== 'told'),
        [],
      )
    })
  }
})

/** Asks again and again on one connection until an answer says close; 'lost': a request got none. */
async function requestUntilTold(client: RawClient, pause: () => number, onAnswer: () => void): Promise<string> {
  const text = postText('/work', {})
  for (let count = 1; ; count++) {
    if (client.state !== 'open') return 'lost'
    try {
      const answer = await answered(client, text, count)
      if (!answer.startsWith('HTTP/1.1 200')) return answer
      onAnswer()
      if (isLast(answer)) return 'told'
    } catch {
      return 'lost'
    }
    await think(pause())
  }
}
