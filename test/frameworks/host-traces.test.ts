import assert from 'node:assert/strict'
import { before, describe, it, type TestContext } from 'node:test'
import { defineService, type Logger } from '@ekiben/core'
import { serve, useService } from '@ekiben/express-adapter'
import { servePlugin } from '@ekiben/fastify-plugin'
import { ServeModule } from '@ekiben/nest-module'
import express from 'express'
import Fastify from 'fastify'
import { listen } from '../helpers/express-app.js'
import { PLATFORMS, startNest } from '../helpers/nest-app.js'
import { silentLog } from '../helpers/silent-log.js'
import { waitUntil } from '../helpers/wait-until.js'

const Counter = defineService(
  class Counter {
    #count = 0
    next() {
      this.#count++
      return { count: this.#count }
    }
  },
  { name: 'Counter', apis: { next: {} } },
)

const Orders = defineService(
  class Orders {
    declare counter: { next(): Promise<{ count: number }> }
    place() {
      return this.counter.next()
    }
  },
  { name: 'Orders', dependencies: { counter: Counter }, apis: { place: {} } },
)

interface RunningApp extends AsyncDisposable {
  readonly url: string
}

/** An app that mounts `Orders`, and uses `Counter` as well. */
const APPS: Readonly<Record<string, (log: Logger) => Promise<RunningApp>>> = {
  async Fastify(log) {
    const stream = { write: (line: string) => log.warn(JSON.parse(line), JSON.parse(line).msg) }
    const app = Fastify({ logger: { level: 'warn', stream }, forceCloseConnections: true })
    app.register(servePlugin, { service: Orders, uses: [Counter] })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    return { url, [Symbol.asyncDispose]: () => app.close() }
  },
  async Express(log) {
    const orders = serve(Orders, { log })
    const counter = useService(Counter, { log })
    await orders.ready()
    const close = async () => void (await Promise.all([orders.close(), counter[Symbol.asyncDispose]()]))
    return listen(express().use(orders), [{ close }])
  },
  'Nest on Express': (log) => nest('Express', log),
  'Nest on Fastify': (log) => nest('Fastify', log),
}

function nest(platform: string, log: Logger): Promise<RunningApp> {
  const imports = [ServeModule.forRoot({ services: [Orders], uses: [Counter], log })]
  return startNest(PLATFORMS[platform]?.() as never, { imports })
}

/** Who waits for signals, for a last word or for what nobody has caught. */
function listeners(): Record<string, number> {
  const names = process
    .eventNames()
    .map(String)
    .filter((name) => /^SIG|^beforeExit|uncaught|unhandled/.test(name))
  return Object.fromEntries(names.sort().map((name) => [name, process.listenerCount(name)]))
}

/** What keeps a process from ending. */
function holders(): readonly string[] {
  return process.getActiveResourcesInfo().filter((name) => /Timeout|Server|Process|Pipe|Signal|Watch/.test(name))
}

async function place(url: string): Promise<number> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', connection: 'close' }, body: '{}' }
  const response = await fetch(`${url}/place`, init)
  await response.text()
  return response.status
}

let untouched = { listeners: listeners(), holders: holders() }
// With what the test runner has by then.
before(() => {
  untouched = { listeners: listeners(), holders: holders() }
})

for (const [name, start] of Object.entries(APPS)) {
  describe(`services in an app on ${name}`, () => {
    it('listen to no signal, and leave nothing when it closes', async () => {
      {
        await using app = await start(silentLog)
        assert.equal(await place(app.url), 200)
        assert.deepEqual(listeners(), untouched.listeners)
      }
      await waitUntil(() => assert.deepEqual(holders(), untouched.holders) ?? true, { describe: 'nothing to be left' })
      assert.deepEqual(listeners(), untouched.listeners)
    })

    it('warn, once, of dependencies that run inline in production', async (t) => {
      beInProduction(t)
      const warnings: unknown[] = []
      const log: Logger = {
        ...silentLog,
        warn: (fields, message) => void warnings.push([(fields as { services: unknown }).services, message]),
        child: () => log,
      }
      for (let times = 0; times < 2; times++) {
        await using app = await start(log)
        assert.equal(await place(app.url), 200)
      }
      assert.equal(warnings.length, 1)
      const [[services, message]] = warnings as [[unknown, string]]
      assert.deepEqual(services, ['Counter'])
      assert.match(
        message,
        /run in this process: no supervisor is above it\. Start the app with ekiben run or bootstrap/,
      )
    })
  })
}

it('useService() alone warns as well of what runs inline in production', async (t) => {
  beInProduction(t)
  const warnings: unknown[] = []
  const log: Logger = {
    ...silentLog,
    warn: (fields) => void warnings.push((fields as { services: unknown }).services),
    child: () => log,
  }
  await using counter = useService(Counter, { log })
  assert.deepEqual(await counter.next(), { count: 1 })
  await counter.next()
  assert.deepEqual(warnings, [['Counter']])
})

/** As a process of its own would be, which has warned of nothing yet. */
function beInProduction(t: TestContext): void {
  const { NODE_ENV } = process.env
  t.after(() => {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = NODE_ENV
  })
  process.env.NODE_ENV = 'production'
  shared().slots.delete('warned-of-inline')
}

function shared(): { readonly slots: Map<string, unknown> } {
  return Reflect.get(globalThis, Symbol.for('ekiben.v1'))
}
