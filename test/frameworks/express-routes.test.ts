import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineService, isServiceError } from '@ekiben/core'
import { serve } from '@ekiben/express-adapter'
import express5, { type Express, type RequestHandler } from 'express'
import express4 from 'express4'
import { listen } from '../helpers/express-app.js'

let started = 0

const Orders = defineService(
  class Orders {
    onStart() {
      started++
    }

    place() {
      return 'of the service'
    }
  },
  { name: 'Orders', apis: { place: {} } },
)

const own: RequestHandler = (_request, response) => void response.send('of the app')
const passing: RequestHandler = (_request, response, next) => {
  response.setHeader('x-passed', 'yes')
  next()
}
/** As wrappers of asynchronous handlers are: it has no parameters to tell by. */
const wrapped: RequestHandler = (...all) => passing(...all)

for (const [name, express] of Object.entries({ 'Express 5': express5, 'Express 4': express4 as typeof express5 })) {
  const routerOf = (path: string): RequestHandler => express.Router().post(path, own)

  const taken: Readonly<Record<string, (app: Express) => unknown>> = {
    'a route': (app) => app.post('/shop/place', own),
    'a route behind middleware of its own': (app) => app.post('/shop/place', passing, own),
    'a route of any method': (app) => app.all('/shop/place', own),
    'a route with parameters': (app) => app.post('/shop/:what', own),
    'a route of a router': (app) => app.use('/shop', routerOf('/place')),
    'a route of a router of a router': (app) => app.use('/', express.Router().use('/shop', routerOf('/place'))),
    'an end of the chain': (app) => app.use(own),
  }

  const free: Readonly<Record<string, (app: Express) => unknown>> = {
    'middleware on its path': (app) => app.post('/shop/place', passing),
    'middleware whose parameters nobody knows': (app) => app.use('/shop', wrapped),
    'a route by another method': (app) => app.get('/shop/place', own),
    'a route at another path': (app) =>
      app.post(['/place', '/shop', '/shop/place/two'], own).use('/shop', routerOf('/')),
  }

  describe(`${name}, before services`, () => {
    for (const [what, add] of Object.entries(taken)) {
      it(`${what} that takes all requests of an api: says so where they are mounted`, async () => {
        const app = express()
        add(app)
        const before = started
        await using orders = serve(Orders)
        assert.throws(
          () => app.use('/shop', orders),
          (error) => {
            assert.ok(isServiceError(error, 'EKB_ERR_MOUNT_ROUTE_TAKEN'), String(error))
            assert.match(error.message, /The app has a route POST \/shop\/place already, which Orders\.place/)
            assert.match(error.hint ?? '', /in Express before that route/)
            return true
          },
        )
        await using running = await listen(app, [])
        assert.equal(await (await running.post('/shop/place')).text(), 'of the app')
        assert.equal(started, before)
      })
    }

    for (const [what, add] of Object.entries(free)) {
      it(`${what}: lets them answer`, async () => {
        const app = express()
        add(app)
        const orders = serve(Orders)
        app.use(['/shop', '/store'], orders)
        await using running = await listen(app, [orders])
        assert.equal(await (await running.post('/shop/place')).text(), 'of the service')
        assert.equal(await (await running.post('/store/place')).text(), 'of the service')
      })
    }

    it('nothing, and a route of the app behind them: they answer, and hand on the rest', async () => {
      const app = express()
      const orders = serve(Orders)
      app.use(express.Router().use('/inner', orders), orders)
      app.post(['/place', '/inner/place', '/else'], own)
      await using running = await listen(app, [orders])
      for (const path of ['/place', '/inner/place']) {
        assert.equal(await (await running.post(path)).text(), 'of the service', path)
      }
      assert.equal(await (await running.post('/else')).text(), 'of the app')
    })
  })
}
