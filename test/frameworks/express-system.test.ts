import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineService } from '@ekiben/core'
import { serve } from '@ekiben/express-adapter'
import express5, { type RequestHandler } from 'express'
import express4 from 'express4'
import { listen } from '../helpers/express-app.js'

const Orders = defineService(
  class Orders {
    place() {
      return 'placed'
    }
  },
  { name: 'Orders', apis: { place: {} } },
)

const PROBES = ['/livez', '/readyz', '/healthz']
const PAGES = ['/schema.json', '/docs.json', '/']

const refuse: RequestHandler = (_request, response) => void response.status(401).send('who are you?')
const requireUser: RequestHandler = (request, response, next) => {
  if (request.headers.authorization === undefined) refuse(request, response, next)
  else next()
}
const say =
  (text: string): RequestHandler =>
  (_request, response) =>
    void response.send(text)

async function documented(url: string): Promise<string[]> {
  return Object.keys(((await (await fetch(`${url}/docs.json`)).json()) as { paths: object }).paths)
}

async function statuses(url: string, paths: readonly string[]): Promise<number[]> {
  return (await Promise.all(paths.map((path) => fetch(url + path)))).map(({ status }) => status)
}

for (const [name, express] of Object.entries({ 'Express 5': express5, 'Express 4': express4 as typeof express5 })) {
  describe(`system routes in an app on ${name}`, () => {
    it('are at its root, wherever the services are mounted and whoever guards them there', async () => {
      const app = express()
      const orders = serve(Orders, { system: 'all' })
      app.use(['/ml', '/models'], requireUser, orders)
      await using running = await listen(app, [orders])
      await orders.ready()
      assert.deepEqual(await statuses(running.url, [...PROBES, ...PAGES, '/livez?x=1']), Array(7).fill(200))
      assert.equal((await fetch(`${running.url}/livez`, { method: 'HEAD' })).status, 200)
      const authorization = { headers: { authorization: 'me' } }
      assert.equal((await fetch(`${running.url}/ml/livez`, authorization)).status, 404)
      assert.equal((await running.post('/ml/place')).status, 401)
      const placed = await fetch(`${running.url}/models/place`, { method: 'POST', ...authorization })
      assert.equal(await placed.text(), 'placed')
      assert.equal((await running.post('/livez')).status, 404)
    })

    it('tell where the services are, in an app of an app and in a router as well', async () => {
      const app = express()
      const [straight, nested, routed] = [
        serve(Orders, { system: 'all' }),
        serve(Orders, { system: 'all' }),
        serve(Orders, { system: 'all' }),
      ]
      const inner = express()
      inner.use('/ml', nested)
      app.use(['/shop/', '/store'], straight)
      app.use('/api', inner)
      app.use('/routed', express.Router().use('/deep', routed))
      await using running = await listen(app, [straight, nested, routed])
      const found = await Promise.all(['', '/api', '/routed/deep'].map((base) => documented(running.url + base)))
      assert.deepEqual(found, [['/shop/place'], ['/api/ml/place'], ['/routed/deep/place']])
      for (const [path] of found) assert.equal((await running.post(path as string)).status, 200, path)
    })

    it("never replace the app's own, declared before or behind, or in a router", async () => {
      const app = express()
      const orders = serve(Orders, { system: 'all' })
      app.get('/livez', say('my livez'))
      app.use(orders)
      app.get(['/healthz', '/schema.json'], (...all) => say('mine')(...all))
      app.use('/', express.Router().get('/docs.json', say('mine')))
      app.all('/', say('my home'))
      app.get(/.*/, say('the rest'))
      await using running = await listen(app, [orders])
      await orders.ready()
      const said = async (path: string) => (await fetch(running.url + path)).text()
      assert.equal(await said('/livez'), 'my livez')
      for (const path of ['/healthz', '/schema.json', '/docs.json']) assert.equal(await said(path), 'mine', path)
      assert.equal(await said('/'), 'my home')
      // What is no more than a pattern takes nothing from them.
      assert.equal(await said('/readyz'), '\n')
      assert.equal(await said('/elsewhere'), 'the rest')
    })

    it('come after middleware of the whole app that is before the services', async () => {
      const app = express()
      const [early, late] = [serve(Orders, { system: 'probes' }), serve(Orders, { system: 'probes' })]
      app.use(early, requireUser)
      const guarded = express()
      guarded.use(requireUser, late)
      app.use('/guarded', guarded)
      await using running = await listen(app, [early, late])
      assert.deepEqual(await statuses(running.url, ['/livez', '/guarded/livez']), [200, 401])
    })

    it('are those of the first that asks for them', async () => {
      const app = express()
      const [first, second] = [serve(Orders, { system: 'probes' }), serve(Orders, { system: 'all' })]
      app.use('/a', first)
      app.use('/b', second)
      await using running = await listen(app, [second])
      await first.close()
      assert.deepEqual(await statuses(running.url, ['/readyz', '/schema.json']), [503, 200])
    })

    it('are below the path of the services in a router, which does not tell of its app', async () => {
      const app = express()
      const orders = serve(Orders, { system: 'probes' })
      app.use('/ml', express.Router().use(orders))
      await using running = await listen(app, [orders])
      assert.deepEqual(await statuses(running.url, ['/ml/livez', '/livez']), [200, 404])
    })
  })
}
