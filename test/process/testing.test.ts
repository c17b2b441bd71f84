import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CallContext,
  defineService,
  depends,
  ServiceCallError,
  type ServiceClient,
  ServiceError,
} from '@ekiben/core'
import { fakeClient, testService } from '@ekiben/core/testing'
import { z } from 'zod'
import { recordingLog } from '../helpers/http-host.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { sendJson, startScripted } from '../helpers/scripted-server.js'
import { SERVICES } from '../helpers/serve-fixture.js'

const events: string[] = []

class Stock {
  count = 3
  onStart() {
    events.push('stock starts')
  }
  onStop() {
    events.push('stock stops')
  }
  async take({ item }: { item: string }): Promise<{ left: number }> {
    if (item === 'nothing') throw new ServiceError('No such item', { statusCode: 404, code: 'ITEM_UNKNOWN' })
    this.count--
    return { left: this.count }
  }
  async list(): Promise<string[]> {
    return ['tea']
  }
}
const StockService = defineService(Stock, {
  name: 'Stock',
  apis: { take: { input: z.object({ item: z.string() }) }, list: {} },
})

class Shop {
  stock!: ServiceClient<typeof StockService>
  opened = ''
  async onStart() {
    const items = await this.stock.list()
    this.opened = items.join()
    events.push('shop starts')
  }
  onStop() {
    events.push('shop stops')
  }
  async buy({ item }: { item: string }, { signal }: CallContext): Promise<{ left: number }> {
    return this.stock.take({ item }, { signal })
  }
  async wait(_: unknown, { signal }: CallContext): Promise<void> {
    await sleep(60_000, undefined, { signal })
  }
  /** Asks for its signal when some of its time is over. */
  async waitLate(_: unknown, context: CallContext): Promise<void> {
    const until = performance.now() + 3.7
    while (performance.now() < until);
    await sleep(60_000, undefined, { signal: context.signal })
  }
  async bytes(input: { text: string }): Promise<string> {
    return input.text.toUpperCase()
  }
}
const ShopService = defineService(Shop, {
  name: 'Shop',
  apis: { buy: { input: z.object({ item: z.string().min(1) }) }, wait: {}, waitLate: {}, bytes: {} },
  dependencies: { stock: StockService },
  mount: { '/ui': (shop) => (_request, response) => void response.end(`open: ${shop.opened}`) },
})

const json = { 'content-type': 'application/json' }
const post = (body: unknown): RequestInit => ({ method: 'POST', headers: json, body: JSON.stringify(body) })

/** Others make such folders too, at any moment, in the one of the machine. */
async function ownTemporaryFolder(t: TestContext): Promise<void> {
  const { TMPDIR } = process.env
  const folder = await mkdtemp(join(tmpdir(), 'ekb-'))
  process.env.TMPDIR = folder
  t.after(async () => {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
    await rm(folder, { recursive: true })
  })
}

const folders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('ekb-test-'))

describe('testService', () => {
  it('runs a service with its real dependencies, each started once, and stops them in order', async () => {
    events.length = 0
    const tested = await testService(ShopService)
    assert.deepEqual(await tested.client.buy({ item: 'tea' }), { left: 2 })
    assert.deepEqual(await tested.client.buy({ item: 'tea' }), { left: 1 })
    assert.equal(tested.instance.opened, 'tea')
    assert.ok(tested.instance instanceof Shop)
    await tested.close()
    await tested.close()
    assert.deepEqual(events, ['stock starts', 'shop starts', 'shop stops', 'stock stops'])
  })

  it('takes something else for a dependency: a fake, another service, an object', async () => {
    events.length = 0
    const stock = fakeClient(StockService, { list: () => ['coffee'], take: ({ item }) => ({ left: item.length }) })
    await using faked = await testService(ShopService, { dependencies: { stock } })
    assert.deepEqual(await faked.client.buy({ item: 'abc' }), { left: 3 })
    assert.equal(faked.instance.opened, 'coffee')
    assert.deepEqual(events, ['shop starts'])

    const Other = defineService(
      class Other {
        take() {
          return { left: 99 }
        }
        list() {
          return ['other']
        }
      },
      { apis: { take: {}, list: {} } },
    )
    await using replaced = await testService(ShopService, { dependencies: { stock: Other } })
    assert.deepEqual(await replaced.client.buy({ item: 'x' }), { left: 99 })

    const own = { list: async () => [], take: async () => ({ left: 7 }) }
    await using given = await testService(ShopService, { dependencies: { stock: own } })
    assert.deepEqual(await given.client.buy({ item: 'x' }), { left: 7 })
  })

  it('validates, and answers errors, as a call from another service would', async () => {
    await using tested = await testService(ShopService)
    await assert.rejects(tested.client.buy({ item: '' }), (error: unknown) => {
      assert.ok(error instanceof ServiceCallError)
      assert.deepEqual([error.statusCode, error.remote.statusCode, error.remote.code], [502, 400, 'EKB_ERR_VALIDATION'])
      return true
    })
    await assert.rejects(tested.client.buy({ item: 'nothing' }), { code: 'EKB_ERR_DEPENDENCY_FAILED' })
    await assert.rejects(tested.client.wait(undefined, { timeoutMs: 50 }), { code: 'EKB_ERR_TIMEOUT' })
  })

  it('tells of a time limit as such, whichever of its clocks is ahead', async () => {
    await using tested = await testService(ShopService)
    for (let timeoutMs = 20; timeoutMs < 30; timeoutMs += 0.5) {
      await assert.rejects(tested.client.waitLate(undefined, { timeoutMs }), { code: 'EKB_ERR_TIMEOUT' })
    }
  })

  it("ends a call when the time that the called service allows is over, a fake's too", async () => {
    const Slow = defineService(
      class Slow {
        hang(): Promise<void> {
          return new Promise(() => {})
        }
      },
      { apis: { hang: {} }, traffic: { timeoutMs: 50 } },
    )
    const Asking = defineService(
      class Asking {
        slow!: ServiceClient<typeof Slow>
        async ask(): Promise<void> {
          await this.slow.hang()
        }
      },
      { apis: { ask: {} }, dependencies: { slow: Slow } },
    )
    const fake = fakeClient(Slow, { hang: () => new Promise(() => {}) })
    for (const dependencies of [{}, { slow: fake }]) {
      await using tested = await testService(Asking, { dependencies, log: recordingLog([]) })
      const answer = await tested.fetch('/ask', post({}))
      const { code } = (await answer.json()) as { code: string }
      assert.deepEqual([answer.status, code], [504, 'EKB_ERR_TIMEOUT'])
    }
    await using tested = await testService(Slow)
    await assert.rejects(tested.client.hang(), { code: 'EKB_ERR_TIMEOUT' })
  })

  it('answers over HTTP as a served one, through no port', async (t) => {
    await ownTemporaryFolder(t)
    const before = await folders()
    const tested = await testService(ShopService)
    assert.deepEqual(await folders(), before)
    const bought = await tested.fetch('/buy', post({ item: 'tea' }))
    assert.deepEqual([bought.status, await bought.json()], [200, { left: 2 }])
    assert.match(bought.headers.get('x-request-id') ?? '', /./)
    const refused = await tested.fetch('/buy', post({ item: '' }))
    assert.equal(refused.status, 400)
    assert.equal(((await refused.json()) as { code: string }).code, 'EKB_ERR_VALIDATION')
    const unknown = await tested.fetch(new URL('http://any.example/bui'), post({}))
    assert.equal(unknown.status, 404)
    const fromRequest = await tested.fetch(new Request('http://any.example/bytes', post({ text: 'abc' })))
    assert.deepEqual([fromRequest.status, await fromRequest.text()], [200, 'ABC'])
    const head = await tested.fetch('/readyz', { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
    assert.equal(await (await tested.fetch('/ui/')).text(), 'open: tea')
    await tested.close()
    assert.deepEqual(await folders(), before)
    await assert.rejects(tested.fetch('/readyz'), TypeError)
  })

  it('lets a request be given up', async () => {
    await using tested = await testService(ShopService)
    const controller = new AbortController()
    const answer = tested.fetch('/wait', { ...post({}), signal: controller.signal })
    controller.abort(new Error('no more'))
    await assert.rejects(answer, /no more/)
  })

  it('leaves nothing running where the service does not start', async () => {
    events.length = 0
    const stock = fakeClient(StockService)
    await assert.rejects(testService(ShopService, { dependencies: { stock } }), { code: 'EKB_ERR_FAKE_METHOD_MISSING' })
    const Failing = defineService(
      class Failing {
        onStart() {
          throw new Error('no start')
        }
      },
      { dependencies: { stock: StockService } },
    )
    await assert.rejects(testService(Failing), /no start/)
    assert.deepEqual(events, ['stock starts', 'stock stops'])
  })

  it('names what is wrong with what it was given', async () => {
    await assert.rejects(testService(class Plain {}), { code: 'EKB_ERR_TESTING_NOT_A_SERVICE' })
    await assert.rejects(testService(ShopService, { dependencies: { stok: {} } }), (error: ServiceError) => {
      assert.equal(error.code, 'EKB_ERR_CONFIG_UNKNOWN')
      assert.match(String(error.hint), /stock/)
      return true
    })
    const Needy = defineService(
      class Needy {
        readonly name: string
        constructor(name: string) {
          this.name = name
        }
      },
    )
    await assert.rejects(testService(Needy), { code: 'EKB_ERR_PLAN_CONSTRUCTOR' })
  })

  it('opens no port', async () => {
    const listening = () => (process as unknown as { getActiveResourcesInfo(): string[] }).getActiveResourcesInfo()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const withPort = listening().filter((name) => name === 'TCPServerWrap').length
    await using tested = await testService(ShopService)
    await (await tested.fetch('/livez')).text()
    assert.equal(listening().filter((name) => name === 'TCPServerWrap').length, withPort)
    server.close()
  })

  it('calls what has a url where it runs, unless something stands in for it', async () => {
    await using far = await startScripted(({ path }, response) => {
      sendJson(response, path === '/schema.json' ? { routes: [{ name: 'ping', route: '/v1/ping' }] } : path)
    })
    const Remote = defineService(
      class Remote {
        declare far: { ping(): Promise<string> }
        ping() {
          return this.far.ping()
        }
      },
      { apis: { ping: {} }, dependencies: { far: depends({ url: far.url }) } },
    )
    await using tested = await testService(Remote)
    assert.equal(await tested.client.ping(), '/v1/ping')
    await using stood = await testService(Remote, { dependencies: { far: { ping: async () => 'pong' } } })
    assert.equal(await stood.client.ping(), 'pong')
    assert.equal(far.received.length, 2)
  })
})

describe('@ekiben/core/testing', () => {
  const MAIN = `async ({ testService }) => {
    const { Front } = await import(SERVICES + 'chain.mjs')
    const tested = await testService(Front)
    const answer = await tested.fetch('/work', { method: 'POST' })
    console.log(JSON.stringify((await answer.json()).map(({ service }) => service)))
    await tested.close()
  }`.replace('SERVICES', JSON.stringify(SERVICES))

  for (const [kind, args] of [
    [
      'an ES module',
      ['--input-type=module', '-e', `import * as testing from '@ekiben/core/testing'; (${MAIN})(testing)`],
    ],
    ['CommonJS', ['-e', `(${MAIN})(require('@ekiben/core/testing'))`]],
  ] as const) {
    it(`works in ${kind}, and lets the process end by itself`, async () => {
      const { code, stdout, stderr } = await runNodeToEnd(args, { cwd: SERVICES })
      assert.deepEqual([code, stdout.trim()], [0, '["Front","Middle","Back"]'], stderr)
    })
  }
})

describe('fakeClient', () => {
  it('rejects for a method that it was not given, and names it', async () => {
    const stock = fakeClient(StockService, { list: () => [] })
    assert.deepEqual(await stock.list(), [])
    await assert.rejects(stock.take({ item: 'tea' }), (error: ServiceError) => {
      assert.equal(error.code, 'EKB_ERR_FAKE_METHOD_MISSING')
      assert.match(error.message, /Stock.*take/)
      return true
    })
    await assert.rejects((stock as unknown as Record<string, () => Promise<void>>).tke?.() ?? Promise.resolve(), {
      code: 'EKB_ERR_SERVICE_NOT_AN_API',
    })
  })

  it('gives copies, refuses what cannot cross a call, and throws as a service would', async () => {
    const list = ['tea']
    const stock = fakeClient(StockService, {
      list: () => list,
      take: ({ item }) => {
        if (item === 'function') return { left: (() => 1) as unknown as number }
        throw new ServiceError('Sold out', { statusCode: 409, code: 'SOLD_OUT' })
      },
    })
    const got = await stock.list()
    got.push('changed')
    assert.deepEqual(list, ['tea'])
    await assert.rejects(stock.take({ item: 'function' }), { code: 'EKB_ERR_NOT_SERIALISABLE' })
    await assert.rejects(stock.take({ item: 'tea' }), (error: unknown) => {
      assert.ok(error instanceof ServiceCallError)
      assert.deepEqual([error.remote.statusCode, error.remote.code], [409, 'SOLD_OUT'])
      return true
    })
  })

  it('stands in for a stream by a generator or a list', async () => {
    const Writer = defineService(
      class Writer {
        async *words(_: { count: number }): AsyncGenerator<string> {
          yield 'real'
        }
      },
      { apis: { words: {} } },
    )
    const Reader = defineService(
      class Reader {
        writer!: ServiceClient<typeof Writer>
        async *loud({ count }: { count: number }) {
          for await (const word of this.writer.words({ count })) yield word.toUpperCase()
        }
      },
      { apis: { loud: {} }, dependencies: { writer: Writer } },
    )
    const loud = async (dependencies: Record<string, unknown>, count: number) => {
      await using tested = await testService(Reader, { dependencies })
      const words: string[] = []
      for await (const word of tested.client.loud({ count })) words.push(word)
      return words
    }
    assert.deepEqual(await loud({}, 1), ['REAL'])
    const byGenerator = fakeClient(Writer, {
      async *words({ count }) {
        for (let n = 0; n < count; n++) yield `word ${n}`
      },
    })
    assert.deepEqual(await loud({ writer: byGenerator }, 2), ['WORD 0', 'WORD 1'])
    await assert.rejects(loud({ writer: fakeClient(Writer) }, 1), { code: 'EKB_ERR_FAKE_METHOD_MISSING' })
  })

  it('takes no method that the service does not have', () => {
    assert.throws(() => fakeClient(StockService, { tak: () => ({ left: 1 }) } as object), {
      code: 'EKB_ERR_SERVICE_NOT_AN_API',
    })
    assert.throws(() => fakeClient(class Plain {}), { code: 'EKB_ERR_TESTING_NOT_A_SERVICE' })
  })
})
