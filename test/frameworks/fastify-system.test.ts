import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { servePlugin } from '@ekiben/fastify-plugin'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { appWith, fastifyApp, shop } from '../helpers/fastify-app.js'

const PROBES = ['/livez', '/readyz', '/healthz']
const PAGES = ['/schema.json', '/docs.json', '/']

async function statuses(app: FastifyInstance, paths: readonly string[]): Promise<number[]> {
  const answers = await Promise.all(paths.map((path) => app.inject(path)))
  return answers.map(({ statusCode }) => statusCode)
}

describe('system routes in a Fastify app', () => {
  it('are off, probes, or all', async () => {
    await using off = appWith(shop().Orders)
    await using probes = appWith({ service: shop().Orders, system: 'probes' })
    await using all = appWith({ service: shop().Orders, system: 'all' })
    assert.deepEqual(await statuses(off.app, [...PROBES, ...PAGES]), [404, 404, 404, 404, 404, 404])
    assert.deepEqual(await statuses(probes.app, [...PROBES, ...PAGES]), [200, 200, 200, 404, 404, 404])
    assert.deepEqual(await statuses(all.app, [...PROBES, ...PAGES, '/livez?x=1']), [200, 200, 200, 200, 200, 200, 200])
    assert.equal((await all.app.inject({ method: 'HEAD', url: '/livez' })).statusCode, 200)
  })

  it('are at the root, whatever prefix the services have, and tell of their paths', async () => {
    const { Orders } = shop()
    await using under = fastifyApp()
    const inner: FastifyPluginAsync = async (scope) => {
      scope.addHook('onRequest', async (_request, reply) => reply.code(401).send({}))
      scope.register(servePlugin, { service: Orders, prefix: '/ml', system: 'all' })
    }
    under.app.register(inner, { prefix: '/v1' })
    assert.deepEqual(await statuses(under.app, [...PROBES, ...PAGES]), [200, 200, 200, 200, 200, 200])
    assert.deepEqual(Object.keys((await under.app.inject('/docs.json')).json().paths), ['/v1/ml/place', '/v1/ml/fail'])
    assert.equal((await under.app.inject({ method: 'POST', url: '/v1/ml/place' })).statusCode, 401)
  })

  it('run the hooks of the app itself, as its every route does', async () => {
    await using under = fastifyApp()
    under.app.addHook('onRequest', async (request, reply) => {
      // As a check of users lets a probe pass.
      if (request.url !== '/livez') return reply.code(401).send({})
    })
    under.app.register(servePlugin, { service: shop().Orders, system: 'probes' })
    assert.deepEqual(await statuses(under.app, PROBES), [200, 401, 401])
  })

  it("never replace the app's own, declared before them or after, or in a plugin", async () => {
    await using under = fastifyApp()
    const { app } = under
    app.get('/livez', async () => 'my livez')
    const early: FastifyPluginAsync = async (scope) => void scope.get('/healthz', async () => 'my healthz')
    const late: FastifyPluginAsync = async (scope) => void scope.get('/docs.json', async () => 'my docs.json')
    app.register(early)
    await app.register(servePlugin, { service: shop().Orders, system: 'all' })
    app.get('/', async () => 'my ')
    app.register(late)
    for (const path of ['/livez', '/healthz', '/docs.json', '/']) {
      assert.equal((await app.inject(path)).body, `my ${path.slice(1)}`, path)
    }
    assert.deepEqual(await statuses(app, ['/readyz', '/schema.json']), [200, 200])
    assert.equal((await app.inject('/schema.json')).json().name, 'Orders')
  })

  it('win over what the app answers by a pattern, as any literal route does', async () => {
    await using under = appWith({ service: shop().Orders, system: 'probes' })
    under.app.get('/*', async () => 'page')
    assert.notEqual((await under.app.inject('/readyz')).body, 'page')
    assert.equal((await under.app.inject('/schema.json')).body, 'page')
  })

  it('are those of the first registration that asks for them', async () => {
    await using under = appWith({ service: shop().Orders, system: 'probes' })
    under.app.register(servePlugin, { service: shop().Counter, prefix: '/b', system: 'all' })
    assert.deepEqual(await statuses(under.app, [...PROBES, ...PAGES]), [200, 200, 200, 404, 404, 404])
    assert.deepEqual(
      under.lines.map(({ msg }) => msg),
      ['system routes are those of the first registration of servePlugin that asks for them'],
    )
  })

  it('say that the app is not ready once it closes', async () => {
    const { app } = appWith({ service: shop().Orders, system: 'probes' }, { return503OnClosing: false })
    const seen: number[] = []
    await app.after()
    app.addHook('preClose', async () => {
      const response = await fetch(`${app.listeningOrigin}/readyz`, { headers: { connection: 'close' } })
      seen.push(response.status)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    assert.equal((await fetch(`${app.listeningOrigin}/readyz`, { headers: { connection: 'close' } })).status, 200)
    await app.close()
    // The first Fastify 5 runs the hook twice.
    assert.deepEqual([...new Set(seen)], [503])
  })
})
