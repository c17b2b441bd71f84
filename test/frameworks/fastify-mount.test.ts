import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { api, defineService, service } from '@ekiben/core'
import defaultExport, { servePlugin } from '@ekiben/fastify-plugin'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import { appWith, fastifyApp, type LogLine, post, shop } from '../helpers/fastify-app.js'

@service()
class Greeter {
  @api({ input: z.object({ name: z.string() }) })
  greet({ name }: { name: string }) {
    return { message: `Hello, ${name}!` }
  }
}

describe('servePlugin', () => {
  it('is its own default, and what require() gives can be registered itself', async () => {
    assert.equal(defaultExport, servePlugin)
    const required = require('@ekiben/fastify-plugin')
    assert.equal(required.default, required.servePlugin)
    await using under = fastifyApp()
    under.app.register(required, shop().Orders)
    assert.deepEqual((await post(under.app, '/place')).json(), { count: 1 })
  })

  it('takes what defineService() returned, and a decorated class, as the options', async () => {
    await using under = fastifyApp()
    under.app.register(servePlugin, shop().Orders)
    under.app.register(servePlugin, Greeter)
    assert.deepEqual((await post(under.app, '/place', { item: 'tea' })).json(), { item: 'tea', count: 1 })
    assert.deepEqual((await post(under.app, '/greet', { name: 'Ada' })).json(), { message: 'Hello, Ada!' })
    assert.equal((await post(under.app, '/greet')).statusCode, 400)
  })

  it('has its routes log as `logLevel` and `logSerializers` say, and no other route', async () => {
    const lines: LogLine[] = []
    const logger = { level: 'info', stream: { write: (line: string) => lines.push(JSON.parse(line)) } }
    await using under = fastifyApp({ logger })
    const logSerializers = { req: (request: { url: string }) => `POST to ${request.url}` }
    under.app.register(servePlugin, { service: Greeter, logSerializers })
    under.app.register(servePlugin, { service: shop().Orders, logLevel: 'error' })
    under.app.get('/own', async () => 'own')
    await post(under.app, '/greet', { name: 'Ada' })
    await post(under.app, '/place')
    await post(under.app, '/fail')
    await under.app.inject('/own')
    assert.match(JSON.stringify(lines), /shelf 7 is empty/)
    const incoming = lines.filter(({ msg }) => msg === 'incoming request').map(({ req }) => req)
    const [greet, own] = incoming as [string, { url: string }]
    assert.deepEqual([incoming.length, greet, own.url], [2, 'POST to /greet', '/own'])
  })

  it('can be called as a plugin is, with a service in place of options', async () => {
    await using under = fastifyApp()
    const plugin: FastifyPluginAsync = async (scope) => servePlugin(scope, Greeter)
    under.app.register(plugin)
    assert.equal((await post(under.app, '/greet', { name: 'Ada' })).statusCode, 200)
  })

  it('serves below a prefix, within one that its scope has', async () => {
    await using under = appWith({ service: Greeter, prefix: '/a/' })
    under.app.register(servePlugin, { services: [Greeter, shop().Orders], prefix: 'b' })
    const inner: FastifyPluginAsync = async (scope) =>
      void scope.register(servePlugin, { service: Greeter, prefix: '/c' })
    under.app.register(inner, { prefix: '/v1' })
    for (const path of ['/a/greet', '/b/greet', '/v1/c/greet']) {
      assert.equal((await post(under.app, path, { name: 'Ada' })).statusCode, 200, path)
    }
    assert.equal((await post(under.app, '/b/place')).statusCode, 200)
    assert.equal((await post(under.app, '/greet', { name: 'Ada' })).statusCode, 404)
    assert.equal((await under.app.inject('/a/greet')).statusCode, 404)
  })

  it('makes real routes, which say what they run', async () => {
    await using under = fastifyApp()
    const seen: unknown[] = []
    under.app.addHook('onRoute', ({ method, url, config, prefix }) => void seen.push({ method, url, config, prefix }))
    under.app.register(servePlugin, { service: Greeter, prefix: '/ml' })
    await under.app.ready()
    assert.ok(under.app.hasRoute({ method: 'POST', url: '/ml/greet' }))
    assert.match(under.app.printRoutes({ commonPrefix: false }), /ml\/greet \(POST\)/)
    const config = { ekiben: { service: 'Greeter', api: 'greet' } }
    assert.deepEqual(seen, [{ method: 'POST', url: '/ml/greet', config, prefix: '/ml' }])
  })

  it('runs the hooks of the app around its routes, and lets them refuse', async () => {
    await using under = fastifyApp()
    const seen: string[] = []
    under.app.addHook('onRequest', async (request, reply) => {
      seen.push(`onRequest ${request.routeOptions.config.ekiben?.api}`)
      if (request.headers.authorization === undefined) return reply.code(401).send({ mine: 'who are you' })
      return undefined
    })
    under.app.addHook('preHandler', async (request) => {
      seen.push(`preHandler ${JSON.stringify(request.body)}`)
    })
    under.app.addHook('onResponse', async (_request, reply) => {
      seen.push(`onResponse ${reply.statusCode}`)
    })
    under.app.register(servePlugin, Greeter)
    const refused = await post(under.app, '/greet', { name: 'Ada' })
    assert.deepEqual([refused.statusCode, refused.json()], [401, { mine: 'who are you' }])
    assert.equal(refused.headers['x-request-id'], 'req-1')
    const headers = { authorization: 'me', 'x-request-id': 'mine' }
    const answer = await under.app.inject({ method: 'POST', url: '/greet', payload: { name: 'Ada' }, headers })
    assert.equal(answer.headers['x-request-id'], 'mine')
    assert.deepEqual(seen, [
      'onRequest greet',
      'onResponse 401',
      'onRequest greet',
      'preHandler {"name":"Ada"}',
      'onResponse 200',
    ])
  })

  it('keeps what it does to its scope from the routes of the app', async () => {
    await using under = appWith({ service: Greeter, errors: 'ekiben' })
    under.app.post('/own', async () => ({ own: true }))
    const headers = { 'content-type': 'application/x-own' }
    const own = await under.app.inject({ method: 'POST', url: '/own', payload: 'abc', headers })
    assert.deepEqual([own.statusCode, own.json().code], [415, 'FST_ERR_CTP_INVALID_MEDIA_TYPE'])
    assert.equal(own.headers['x-request-id'], undefined)
  })

  it("gives errors to the app's handler: with status, words and id; what was thrown is their cause, and in its log", async () => {
    const { Orders } = shop()
    await using under = fastifyApp()
    const seen: unknown[] = []
    under.app.setErrorHandler<Error & { statusCode: number; code: string }>((error, _request, reply) => {
      seen.push((error.cause as Error | undefined)?.message)
      return reply.code(error.statusCode).send({ mine: error.message, code: error.code })
    })
    under.app.register(servePlugin, { services: [Orders, Greeter] })
    const failed = await post(under.app, '/fail')
    assert.equal(failed.statusCode, 500)
    assert.equal(failed.json().code, 'EKB_ERR_INTERNAL')
    assert.doesNotMatch(failed.body, /shelf/)
    assert.equal(failed.headers['x-request-id'], 'req-1')
    assert.deepEqual(seen, ['shelf 7 is empty'])
    const [line] = under.lines
    assert.deepEqual([line?.reqId, line?.msg], ['req-1', 'Orders/fail: shelf 7 is empty'])
    const refused = await post(under.app, '/greet', {})
    assert.deepEqual([refused.statusCode, refused.json().code], [400, 'EKB_ERR_VALIDATION'])
  })

  it("has an id of its own where the app's will not do, the same in the error as on the answer", async () => {
    await using under = fastifyApp({ genReqId: () => 'no good' })
    under.app.setErrorHandler<Error & { requestId: string }>((error, _request, reply) =>
      reply.send({ id: error.requestId }),
    )
    under.app.register(servePlugin, Greeter)
    const refused = await post(under.app, '/greet')
    assert.match(refused.json().id, /^[\w.:-]{1,128}$/)
    assert.equal(refused.headers['x-request-id'], refused.json().id)
  })

  it("answers as ekiben serve does where it is asked to, and leaves errors of the app's hooks to the app", async () => {
    await using under = fastifyApp()
    under.app.addHook('preHandler', async ({ headers }) => {
      if (headers.authorization === undefined) throw Object.assign(new Error('who are you'), { statusCode: 401 })
    })
    under.app.register(servePlugin, { service: Greeter, errors: 'ekiben' })
    assert.deepEqual((await post(under.app, '/greet')).json(), {
      statusCode: 401,
      error: 'Unauthorized',
      message: 'who are you',
    })
    const send = (payload: string, type = 'application/json') =>
      under.app.inject({
        method: 'POST',
        url: '/greet',
        payload,
        headers: { 'content-type': type, authorization: 'me', 'x-request-id': 'mine' },
      })
    for (const [payload, type, code] of [
      ['{}', 'application/json', 'EKB_ERR_VALIDATION'],
      ['{"name":', 'application/json', 'EKB_ERR_BODY_INVALID'],
      ['', 'application/json', 'EKB_ERR_BODY_INVALID'],
      ['abc', 'no type', 'EKB_ERR_MEDIA_TYPE'],
      [JSON.stringify({ name: 'a'.repeat(2_000_000) }), 'application/json', 'EKB_ERR_BODY_TOO_LARGE'],
    ] as const) {
      const refused = (await send(payload, type)).json()
      assert.deepEqual([refused.code, refused.requestId], [code, 'mine'])
    }
  })

  it('is not changed by a serializer of the app, and sends headers that come more than once', async () => {
    const Cookies = defineService(
      class Cookies {
        bake(_: object, { response }: { response: { setCookie(name: string, value: string): void } }) {
          response.setCookie('a', '1')
          response.setCookie('b', '2')
          return { baked: 2 }
        }
      },
      { name: 'Cookies', apis: { bake: {} } },
    )
    await using under = fastifyApp()
    under.app.setReplySerializer((payload) => JSON.stringify({ wrapped: payload }))
    under.app.register(servePlugin, Cookies)
    const baked = await post(under.app, '/bake')
    assert.equal(baked.body, '{"baked":2}')
    assert.deepEqual(
      baked.cookies.map(({ name, value }) => `${name}=${value}`),
      ['a=1', 'b=2'],
    )
  })

  it("is hidden from the app's document unless openapi is true", async () => {
    await using under = fastifyApp()
    await under.app.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'app', version: '1' } } })
    under.app.register(servePlugin, { service: Greeter, prefix: '/hidden' })
    under.app.register(servePlugin, {
      services: [Greeter, shop().Orders],
      prefix: '/shown',
      openapi: true,
      system: 'all',
    })
    under.app.post('/own', async () => ({}))
    await under.app.ready()
    const { paths = {} } = under.app.swagger() as { paths?: Record<string, { post: Record<string, unknown> }> }
    assert.deepEqual(Object.keys(paths).sort(), ['/own', '/shown/fail', '/shown/greet', '/shown/place'])
    const { operationId, tags, requestBody, responses } = paths['/shown/greet']?.post ?? {}
    assert.deepEqual({ operationId, tags }, { operationId: 'Greeter.greet', tags: ['Greeter'] })
    const { content } = requestBody as { content: Record<string, { schema: { properties: object } }> }
    assert.deepEqual(content['application/json']?.schema.properties, { name: { type: 'string' } })
    assert.equal((responses as Record<string, { description: string }>)['200']?.description, 'The result')
    assert.equal(paths['/shown/place']?.post.description, 'Places it')
    // The service still checks its input itself.
    assert.equal((await post(under.app, '/shown/greet', { name: 5 })).json().code, 'EKB_ERR_VALIDATION')
    assert.equal((await post(under.app, '/shown/greet', { name: 'Ada' })).json().message, 'Hello, Ada!')
  })
})

describe('app.ekiben', () => {
  it('is one for all registrations, and gives clients of what is mounted, used, or neither', async () => {
    const { Counter, Orders, events } = shop()
    const Other = defineService(
      class Other {
        say() {
          return 'hi'
        }
      },
      { name: 'Other', apis: { say: {} } },
    )
    await using under = fastifyApp()
    const { app } = under
    app.register(servePlugin, { uses: [Counter] })
    const inner: FastifyPluginAsync = async (scope) => void scope.register(servePlugin, Orders)
    app.register(inner)
    app.get('/next', async () => app.ekiben.client(Counter).next())
    app.get('/say', async () => app.ekiben.client(Other).say())
    await app.ready()
    assert.deepEqual(events, ['Counter started', 'Orders started'])
    const orders = app.ekiben.client(Orders)
    assert.deepEqual(await orders.place({ item: 'tea' }), { item: 'tea', count: 1 })
    assert.deepEqual((await app.inject('/next')).json(), { count: 2 })
    assert.equal((await app.inject('/say')).body, 'hi')
    assert.throws(() => app.ekiben.client(class Plain {}), { code: 'EKB_ERR_MOUNT_NOT_A_SERVICE' })
  })

  it('is there as soon as the plugin has loaded; calls wait for the start', async () => {
    const { Orders } = shop()
    await using under = fastifyApp()
    await under.app.register(servePlugin, Orders)
    const placed = under.app.ekiben.client(Orders).place({})
    await under.app.ready()
    assert.equal((await placed).count, 1)
  })

  it('is one app apart from another', async () => {
    const { Counter } = shop()
    await using first = appWith({ uses: [Counter] }, {})
    await using second = { app: Fastify(), [Symbol.asyncDispose]: () => second.app.close() }
    second.app.register(servePlugin, { uses: [Counter] })
    await Promise.all([first.app.ready(), second.app.ready()])
    assert.deepEqual(await first.app.ekiben.client(Counter).next(), { count: 1 })
    assert.deepEqual(await second.app.ekiben.client(Counter).next(), { count: 1 })
  })
})
