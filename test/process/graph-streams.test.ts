import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { call, serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Facts {
  readonly made: number
  readonly ended: readonly string[]
  readonly waiting: number
  readonly pid: number
}

interface Failure {
  readonly code: string
  readonly error: string
  readonly statusCode: number
}

interface OpenStream {
  readonly status: number
  /** The next line of NDJSON; undefined: the answer has ended as it should. */
  readonly next: () => Promise<Record<string, unknown> | undefined>
  readonly answer: IncomingMessage
  readonly sent: ClientRequest
}

/** POSTs, and gives the answer as soon as it begins. */
async function open(url: string, route: string, input: unknown = {}): Promise<OpenStream> {
  const headers = { 'content-type': 'application/json', accept: 'application/x-ndjson' }
  const sent = request(`${url}/${route}`, { method: 'POST', headers, agent: false }).end(JSON.stringify(input))
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const lines = linesOf(answer)
  return {
    status: answer.statusCode ?? 0,
    next: async () => {
      const { done, value } = await lines.next()
      return done === true ? undefined : (JSON.parse(value) as Record<string, unknown>)
    },
    answer,
    sent,
  }
}

async function* linesOf(answer: IncomingMessage): AsyncGenerator<string, void> {
  let rest = ''
  for await (const chunk of answer.setEncoding('utf8')) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() as string
    yield* lines
  }
  if (rest !== '') yield rest
}

async function all({ next }: OpenStream): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = []
  for (let item = await next(); item !== undefined; item = await next()) items.push(item)
  return items
}

const facts = async ({ url }: ServingCommand): Promise<Facts> => (await call<Facts>(url, 'facts')).body

/** Waits until a stream of Source has ended in the way that is named. */
function ended(server: ServingCommand, what: string): Promise<unknown> {
  let last: Facts | undefined
  return waitUntil(
    async () => {
      last = await facts(server)
      return last.ended.includes(what)
    },
    { describe: () => `'${what}' among what ended: ${JSON.stringify(last)}` },
  )
}

describe('a stream through the graph', () => {
  let server: ServingCommand
  before(async () => {
    server = await serveFixture('streams:Front', ['--no-access-log'])
  })
  after(() => server[Symbol.asyncDispose]())

  test('reaches the client item by item, through three processes', async () => {
    const stream = await open(server.url, 'count', { to: 3, gate: 'items' })
    const first = await stream.next()
    // The second is made only when this one has arrived.
    await call(server.url, 'open', { name: 'items' })
    const items = [first, ...(await all(stream))]
    assert.deepEqual(
      items.map((item) => item?.n),
      [1, 2, 3],
    )
    assert.equal(new Set(items.map((item) => item?.pid)).size, 1)
    assert.notEqual(first?.pid, first?.via)
  })

  test('can be read by a call that answers with one value', async () => {
    assert.deepEqual((await call(server.url, 'sum', { to: 100 })).body, { sum: 5050 })
  })

  test('can be asked for its items before they are there', async () => {
    assert.deepEqual((await call(server.url, 'ahead')).body, [1, 2, 'done', 'done'])
  })

  test('carries whatever crosses a call', async () => {
    const expected = { name: 'one.txt', type: 'text/x-one', text: 'one', at: 1, big: String(2n ** 70n) }
    assert.deepEqual((await call(server.url, 'files')).body, expected)
  })

  test('that fails before its first item is answered as a call is', async () => {
    const stream = await open(server.url, 'count', { fail: 1 })
    assert.equal(stream.status, 502)
    assert.equal(((await all(stream))[0] as unknown as Failure).code, 'EKB_ERR_DEPENDENCY_FAILED')
  })

  test('that fails later ends with its error at the client', async () => {
    const stream = await open(server.url, 'count', { to: 5, fail: 3 })
    assert.equal(stream.status, 200)
    const items = await all(stream)
    assert.deepEqual(
      items.map((item) => item.n),
      [1, 2, undefined],
    )
    assert.equal((items[2] as unknown as Failure).code, 'EKB_ERR_DEPENDENCY_FAILED')
  })

  test('with an item that cannot be sent ends with that error', async () => {
    const items = await all(await open(server.url, 'unsendable'))
    assert.deepEqual(items[0], { fine: true })
    assert.equal((items[1] as unknown as Failure).code, 'EKB_ERR_NOT_SERIALISABLE')
  })

  test('of which enough was taken ends at its source, and with it what it held', async () => {
    assert.deepEqual((await call(server.url, 'some', { take: 200 })).body, { taken: [...Array(200).keys()] })
    await ended(server, 'endless, aborted true')
  })

  test('ends at its source when the client leaves, also while the first item is awaited', async () => {
    const stream = await open(server.url, 'count', { to: 1_000, gate: 'never' })
    await stream.next()
    stream.sent.destroy()
    await call(server.url, 'open', { name: 'never' })
    await ended(server, 'count 1000')
    const sent = request(`${server.url}/silent`, { method: 'POST', agent: false }).end()
    sent.on('error', () => {})
    await waitUntil(async () => (await facts(server)).waiting === 1, { describe: 'the stream to be awaited' })
    sent.destroy()
    await ended(server, 'silent: EKB_ERR_ABORTED')
  })

  test('is no further ahead than its reader allows', async () => {
    const items = 400
    const stream = await open(server.url, 'large', { items, bytes: 100_000 })
    stream.answer.pause()
    let last = -1
    let quiet = 0
    await waitUntil(
      async () => {
        const { made } = await facts(server)
        quiet = made === last && made > 0 ? quiet + 1 : 0
        last = made
        return quiet === 10
      },
      { describe: () => `the source to pause, at ${last} of ${items}` },
    )
    assert.ok(last < items / 2, `${last} of ${items} were made though nobody read`)
    let bytes = 0
    for await (const chunk of stream.answer) bytes += (chunk as Buffer).length
    assert.equal(bytes, items * 100_000)
  })

  test('that nobody reads never begins; one that is forgotten is ended', async () => {
    const before = (await facts(server)).ended.length
    assert.deepEqual((await call(server.url, 'unread')).body, { asked: true })
    assert.equal((await facts(server)).ended.length, before)
    assert.deepEqual((await call(server.url, 'forgotten')).body, { value: 0 })
    await waitUntil(async () => (await facts(server)).ended.length > before, {
      describe: 'the end of the forgotten stream',
    })
  })

  test("has its caller's time for the first item, and then takes what it takes", async () => {
    const late = await call<Failure>(server.url, 'patient', { timeoutMs: 50 })
    assert.deepEqual([late.status, late.body.code], [504, 'EKB_ERR_TIMEOUT'])
    await ended(server, 'silent: EKB_ERR_ABORTED')
    await using timed = await serveFixture('streams:Front', ['--timeout', '5', '--no-access-log'])
    const stream = await open(timed.url, 'deadlines')
    const words: unknown[] = []
    for await (const line of linesOf(stream.answer)) words.push(line)
    assert.match(words.join(''), /truefalse|true\s*false/)
  })
})

test('a worker that dies in the middle: its readers hear of it, and no end is feigned', async () => {
  await using server = await serveFixture('streams:Front', ['--no-access-log'])
  const stream = await open(server.url, 'count', { to: 3, gate: 'never' })
  const first = await stream.next()
  process.kill(first?.pid as number, 'SIGKILL')
  const [failure] = (await all(stream)) as unknown as Failure[]
  assert.equal(failure?.code, 'EKB_ERR_WORKER_LOST')
  assert.notEqual((await facts(server)).pid, first?.pid)
})

test('a stop waits for a stream through the graph', async () => {
  await using server = await serveFixture('streams:Front', ['--no-access-log'])
  const items = 400
  const { answer } = await open(server.url, 'large', { items, bytes: 100_000 })
  answer.pause()
  await waitUntil(async () => (await facts(server)).made > 0, { describe: 'the stream to have begun' })
  const code = server.stop()
  const refuses = () =>
    facts(server).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
    )
  await waitUntil(refuses, { describe: 'the stop' })
  let bytes = 0
  for await (const chunk of answer) bytes += (chunk as Buffer).length
  assert.equal(bytes, items * 100_000)
  assert.equal(await code, 0)
})
