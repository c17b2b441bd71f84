import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { call, serveFixture } from './serve-fixture.js'
import type { ServingCommand } from './serving-command.js'
import { waitUntil } from './wait-until.js'

export interface SourceFacts {
  readonly made: number
  readonly ended: readonly string[]
  readonly waiting: number
  readonly pid: number
  /** Process and thread. */
  readonly worker: string
}

export interface StreamFailure {
  readonly code: string
  readonly error: string
  readonly statusCode: number
}

export interface OpenStream {
  readonly status: number
  /** The next line of NDJSON; undefined: the answer has ended as it should. */
  readonly next: () => Promise<Record<string, unknown> | undefined>
  readonly answer: IncomingMessage
  readonly sent: ClientRequest
}

/** POSTs, and gives the answer as soon as it begins. */
export async function openStream(url: string, route: string, input: unknown = {}): Promise<OpenStream> {
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

export async function allItems({ next }: OpenStream): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = []
  for (let item = await next(); item !== undefined; item = await next()) items.push(item)
  return items
}

export const sourceFacts = async ({ url }: ServingCommand): Promise<SourceFacts> =>
  (await call<SourceFacts>(url, 'facts')).body

/** Waits until a stream of Source has ended in the way that is named. */
function ended(server: ServingCommand, what: string): Promise<unknown> {
  let last: SourceFacts | undefined
  return waitUntil(
    async () => {
      last = await sourceFacts(server)
      return last.ended.includes(what)
    },
    { describe: () => `'${what}' among what ended: ${JSON.stringify(last)}` },
  )
}

/** What every stream through the graph does, whatever its workers are. */
export function streamsThroughTheGraph(kind: string, flags: readonly string[]): void {
  describe(`a stream through the graph, ${kind}`, () => {
    let server: ServingCommand
    before(async () => {
      server = await serveFixture('streams:Front', ['--no-access-log', ...flags])
    })
    after(() => server[Symbol.asyncDispose]())

    test('reaches the client item by item, through three workers', async () => {
      const stream = await openStream(server.url, 'count', { to: 3, gate: 'items' })
      const first = await stream.next()
      // The second is made only when this one has arrived.
      await call(server.url, 'open', { name: 'items' })
      const items = [first, ...(await allItems(stream))]
      assert.deepEqual(
        items.map((item) => item?.n),
        [1, 2, 3],
      )
      assert.equal(new Set(items.map((item) => item?.worker)).size, 1)
      assert.notEqual(first?.worker, first?.via)
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
      const stream = await openStream(server.url, 'count', { fail: 1 })
      assert.equal(stream.status, 502)
      assert.equal(((await allItems(stream))[0] as unknown as StreamFailure).code, 'EKB_ERR_DEPENDENCY_FAILED')
    })

    test('that fails later ends with its error at the client', async () => {
      const stream = await openStream(server.url, 'count', { to: 5, fail: 3 })
      assert.equal(stream.status, 200)
      const items = await allItems(stream)
      assert.deepEqual(
        items.map((item) => item.n),
        [1, 2, undefined],
      )
      assert.equal((items[2] as unknown as StreamFailure).code, 'EKB_ERR_DEPENDENCY_FAILED')
    })

    test('with an item that cannot be sent ends with that error', async () => {
      const items = await allItems(await openStream(server.url, 'unsendable'))
      assert.deepEqual(items[0], { fine: true })
      assert.equal((items[1] as unknown as StreamFailure).code, 'EKB_ERR_NOT_SERIALISABLE')
    })

    test('of which enough was taken ends at its source, and with it what it held', async () => {
      assert.deepEqual((await call(server.url, 'some', { take: 200 })).body, { taken: [...Array(200).keys()] })
      await ended(server, 'endless, aborted true')
    })

    test('ends at its source when the client leaves, also while the first item is awaited', async () => {
      const stream = await openStream(server.url, 'count', { to: 1_000, gate: 'never' })
      await stream.next()
      stream.sent.destroy()
      await call(server.url, 'open', { name: 'never' })
      await ended(server, 'count 1000')
      const sent = request(`${server.url}/silent`, { method: 'POST', agent: false }).end()
      sent.on('error', () => {})
      await waitUntil(async () => (await sourceFacts(server)).waiting === 1, { describe: 'the stream to be awaited' })
      sent.destroy()
      await ended(server, 'silent: EKB_ERR_ABORTED')
    })

    test('is no further ahead than its reader allows', async () => {
      const items = 400
      const stream = await openStream(server.url, 'large', { items, bytes: 100_000 })
      stream.answer.pause()
      let last = -1
      let quiet = 0
      await waitUntil(
        async () => {
          const { made } = await sourceFacts(server)
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
      const before = (await sourceFacts(server)).ended.length
      assert.deepEqual((await call(server.url, 'unread')).body, { asked: true })
      assert.equal((await sourceFacts(server)).ended.length, before)
      assert.deepEqual((await call(server.url, 'forgotten')).body, { value: 0 })
      await waitUntil(async () => (await sourceFacts(server)).ended.length > before, {
        describe: 'the end of the forgotten stream',
      })
    })

    test("has its caller's time for the first item, and then takes what it takes", async () => {
      const late = await call<StreamFailure>(server.url, 'patient', { timeoutMs: 50 })
      assert.deepEqual([late.status, late.body.code], [504, 'EKB_ERR_TIMEOUT'])
      await ended(server, 'silent: EKB_ERR_ABORTED')
      await using timed = await serveFixture('streams:Front', ['--timeout', '5', '--no-access-log', ...flags])
      const stream = await openStream(timed.url, 'deadlines')
      const words: unknown[] = []
      for await (const line of linesOf(stream.answer)) words.push(line)
      assert.match(words.join(''), /truefalse|true\s*false/)
    })
  })
}
