import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { defineService, isServiceError, type Logger } from '@ekiben/core'
import { serve, useService } from '@ekiben/express-adapter'
import express5, { type ErrorRequestHandler, type Express } from 'express'
import express4 from 'express4'
import multer from 'multer'
import { listen } from '../helpers/express-app.js'
import { silentLog } from '../helpers/silent-log.js'

const stopped: string[] = []

const Counter = defineService(
  class Counter {
    #count = 0
    next() {
      this.#count++
      return { count: this.#count }
    }
    onStop() {
      stopped.push('Counter')
    }
  },
  { name: 'Counter', apis: { next: {} } },
)

class OrderTaken extends Error {}

const Orders = defineService(
  class Orders {
    declare counter: { next(): Promise<{ count: number }> }
    async place({ item }: { item?: string }) {
      return { item, ...(await this.counter.next()) }
    }
    fail() {
      throw new OrderTaken('shelf 7 is empty')
    }
    size({ file }: { file: File }) {
      return file.size
    }
    async onStop() {
      stopped.push('Orders')
    }
  },
  {
    name: 'Orders',
    dependencies: { counter: Counter },
    apis: {
      place: {},
      fail: {},
      size: {
        input: { type: 'object', properties: { file: { type: 'string', format: 'binary' } }, required: ['file'] },
      },
    },
  },
)

const Broken = defineService(
  class Broken {
    onStart() {
      throw new Error('no model here')
    }
    run() {
      return 1
    }
  },
  { name: 'Broken', apis: { run: {} } },
)

for (const [name, express] of Object.entries({ 'Express 5': express5, 'Express 4': express4 })) {
  describe(name, () => {
    it('serves below the path it is mounted at, and lets everything else through', async () => {
      const app = express()
      const orders = serve(Orders)
      app.use('/shop', orders)
      app.all(/.*/, (request, response) => void response.send(`the app: ${request.method} ${request.originalUrl}`))
      await using running = await listen(app, [orders])
      assert.deepEqual(await (await running.post('/shop/place?x=1', { item: 'tea' })).json(), { item: 'tea', count: 1 })
      for (const path of ['/shop/nothing', '/place', '/shop', '/shop/livez']) {
        assert.equal(await (await running.post(path)).text(), `the app: POST ${path}`)
      }
      assert.equal(await (await fetch(`${running.url}/shop/place`)).text(), 'the app: GET /shop/place')
    })

    it("gives errors to the app's own middleware, masked, with what was thrown as their cause", async () => {
      const seen: unknown[] = []
      const app = express()
      const orders = serve(Orders, { log: silentLog })
      app.use(orders)
      app.use(((error, _request, response, _next) => {
        seen.push(error.cause)
        response.status(error.statusCode).json({ mine: error.message, code: error.code })
      }) satisfies ErrorRequestHandler)
      await using running = await listen(app, [orders])
      const response = await running.post('/fail')
      assert.equal(response.status, 500)
      const { mine, code } = (await response.json()) as { mine: string; code: string }
      assert.equal(code, 'EKB_ERR_INTERNAL')
      assert.doesNotMatch(mine, /shelf/)
      assert.ok(seen[0] instanceof OrderTaken)
      assert.match(response.headers.get('x-request-id') ?? '', /\S/)
    })

    it('takes a body that another parser has read as JSON or as a form', async () => {
      const app = express()
      const orders = serve(Orders)
      app.use(express.json(), express.urlencoded({ extended: false }), orders)
      await using running = await listen(app, [orders])
      assert.equal(((await (await running.post('/place', { item: 'ink' })).json()) as { item: string }).item, 'ink')
      const init = { method: 'POST', body: new URLSearchParams({ item: 'pen' }) }
      const form = (await (await fetch(`${running.url}/place`, init)).json()) as { item: string }
      assert.equal(form.item, 'pen')
    })

    it('answers a request without a body that a middleware has read to its end', async () => {
      const app = express()
      const orders = serve(Orders)
      app.use((request, _response, next) => void request.resume().once('end', next), orders)
      await using running = await listen(app, [orders])
      const answer = await fetch(`${running.url}/place`, { method: 'POST' })
      assert.deepEqual(Object.keys((await answer.json()) as object), ['count'])
    })

    it('says so where a parser of forms was there before it', async () => {
      const app = express()
      const logged: unknown[] = []
      const log: Logger = { ...silentLog, error: ({ err }: { err?: unknown }) => logged.push(err), child: () => log }
      const orders = serve(Orders, { errors: 'ekiben', log })
      app.use('/before', orders)
      app.use('/behind', multer().any(), orders)
      await using running = await listen(app, [orders])
      const form = (): FormData => {
        const data = new FormData()
        data.append('file', new File(['abc'], 'a.txt'))
        return data
      }
      assert.equal(await (await fetch(`${running.url}/before/size`, { method: 'POST', body: form() })).json(), 3)
      const behind = await fetch(`${running.url}/behind/size`, { method: 'POST', body: form() })
      assert.equal(behind.status, 500)
      assert.equal(((await behind.json()) as { code: string }).code, 'EKB_ERR_BODY_CONSUMED')
      assert.ok(isServiceError(logged[0], 'EKB_ERR_BODY_CONSUMED'))
      assert.match(logged[0].hint ?? '', /multer/)
    })

    it('refuses a service that is used as middleware itself', async () => {
      const app = express()
      app.use(Orders as unknown as Express)
      const seen: unknown[] = []
      app.use(((error, _request, response, _next) => {
        seen.push(error)
        response.status(500).end()
      }) satisfies ErrorRequestHandler)
      await using running = await listen(app, [])
      await running.post('/place')
      assert.ok(isServiceError(seen[0], 'EKB_ERR_SERVICE_NOT_A_PLUGIN'))
      assert.match(seen[0].hint ?? '', /app\.use\(serve\(Orders\)\)/)
    })
  })
}

describe('serve()', () => {
  it('starts services once for all that are mounted, and stops them with the last, dependents first', async () => {
    stopped.length = 0
    const first = serve(Orders)
    const second = serve(Counter)
    await Promise.all([first.ready(), second.ready()])
    assert.deepEqual(await first.client(Counter).next(), { count: 1 })
    assert.deepEqual(await second.client(Counter).next(), { count: 2 })
    await first.close()
    assert.deepEqual(stopped, [])
    await second.close()
    assert.deepEqual(stopped, ['Orders', 'Counter'])
  })

  it('tells of a service that cannot start: by ready(), and to requests', async () => {
    const logged: (string | undefined)[] = []
    const log: Logger = { ...silentLog, error: (_fields, message) => logged.push(message), child: () => log }
    const broken = serve(Broken, { log })
    const app = express5()
    app.use(broken)
    await using running = await listen(app, [broken])
    await assert.rejects(broken.ready(), /no model here/)
    assert.equal((await running.post('/run')).status, 500)
    assert.deepEqual(logged, ['Broken/run: no model here'])
  })

  it('answers 503 once it is closed', async () => {
    const orders = serve(Orders, { errors: 'ekiben', log: silentLog })
    const app = express5()
    app.use(orders)
    await using running = await listen(app, [])
    await orders.close()
    assert.equal((await running.post('/place')).status, 503)
  })

  it('warns, once, of dependencies that run inline in production', async (t) => {
    const before = process.env.NODE_ENV
    t.after(() => {
      if (before === undefined) delete process.env.NODE_ENV
      else process.env.NODE_ENV = before
    })
    process.env.NODE_ENV = 'production'
    const warnings: object[] = []
    const log: Logger = { ...silentLog, warn: (fields) => warnings.push(fields), child: () => log }
    for (let times = 0; times < 2; times++) {
      const orders = serve(Orders, { log })
      await orders.ready()
      await orders.close()
    }
    assert.deepEqual(warnings, [{ services: ['Counter'] }])
  })

  it('adds probes where it is asked to, and no more than that', async () => {
    const orders = serve(Orders, { system: 'probes' })
    const app = express5()
    app.use(orders)
    await using running = await listen(app, [orders])
    await orders.ready()
    for (const path of ['/livez', '/readyz', '/healthz'])
      assert.equal((await fetch(running.url + path)).status, 200, path)
    assert.equal((await fetch(`${running.url}/schema.json`)).status, 404)
  })

  const refused = [
    { what: 'what is no service', make: () => serve(class Plain {}), code: 'EKB_ERR_MOUNT_NOT_A_SERVICE' },
    {
      what: 'one that is mounted and used',
      make: () => serve(Orders, { uses: [Orders] }),
      code: 'EKB_ERR_MOUNT_AND_USE',
    },
    { what: 'two apis on one route', make: () => serve([Orders, Copy]), code: 'EKB_ERR_PLAN_ROUTE_CLASH' },
    {
      what: 'an unknown option',
      make: () => serve(Orders, { error: 'ekiben' } as object),
      code: 'EKB_ERR_CONFIG_UNKNOWN',
    },
    {
      what: 'a client of what is no service',
      make: () => useService(class Plain {}),
      code: 'EKB_ERR_MOUNT_NOT_A_SERVICE',
    },
  ]
  for (const { what, make, code } of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(make, (error) => isServiceError(error, code))
    })
  }
})

const Copy = defineService(
  class Copy {
    place() {}
  },
  { name: 'Copy', apis: { place: {} } },
)

describe('useService()', () => {
  after(() => assert.equal(stopped.at(-1), 'Counter'))

  it('gives a typed client for routes of the app, and stops the service when it is disposed of', async () => {
    await using counter = useService(Counter)
    const app = express5()
    app.get('/visits', async (_request, response) => {
      const { count } = await counter.next()
      response.json({ visits: count })
    })
    await using running = await listen(app, [])
    assert.deepEqual(await (await fetch(`${running.url}/visits`)).json(), { visits: 1 })
    assert.deepEqual(await (await fetch(`${running.url}/visits`)).json(), { visits: 2 })
  })
})
