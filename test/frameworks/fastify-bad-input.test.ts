import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isServiceError, type ServiceClass } from '@ekiben/core'
import { type ServePluginOptions, servePlugin } from '@ekiben/fastify-plugin'
import Fastify, { type FastifyInstance } from 'fastify'
import { appWith, fastifyApp, shop } from '../helpers/fastify-app.js'
import { projectFolder } from '../helpers/project-folder.js'
import { runNodeToEnd } from '../helpers/run-node.js'

/** What keeps the app from getting ready. */
async function refusal(app: FastifyInstance): Promise<Error & { code?: string; hint?: string }> {
  return app.ready().then(
    () => assert.fail('it got ready'),
    (error) => error,
  )
}

const { Counter, Orders } = shop()

const REFUSED: readonly { what: string; options: object; code: string; says: RegExp }[] = [
  {
    what: 'an unknown option, with what may have been meant',
    options: { service: Orders, prefx: '/ml' },
    code: 'EKB_ERR_CONFIG_UNKNOWN',
    says: /'prefx' \(the options of servePlugin\).*Did you mean prefix\?/,
  },
  {
    what: 'a value that an option does not have',
    options: { service: Orders, system: 'some' },
    code: 'EKB_ERR_CONFIG_INVALID',
    says: /'system' .* is the string 'some'; expected 'all' or 'probes' or 'none'/,
  },
  { what: 'no service', options: {}, code: 'EKB_ERR_MOUNT_NOT_A_SERVICE', says: /servePlugin was given neither/ },
  {
    what: 'what is no service',
    options: { service: class Plain {} },
    code: 'EKB_ERR_MOUNT_NOT_A_SERVICE',
    says: /Plain.*@service\(\)/,
  },
  {
    what: 'a service that is mounted and used',
    options: { services: [Orders], uses: [Orders] },
    code: 'EKB_ERR_MOUNT_AND_USE',
    says: /'Orders' is both/,
  },
]

describe('servePlugin refuses', () => {
  for (const { what, options, code, says } of REFUSED) {
    it(what, async () => {
      await using under = appWith(options as ServePluginOptions)
      const error = await refusal(under.app)
      assert.equal(error.code, code)
      assert.match(`${error.message} ${error.hint}`, says)
    })
  }

  it('a route that the app has', async () => {
    await using under = fastifyApp()
    under.app.post('/ml/place', async () => 'mine')
    under.app.register(servePlugin, { service: Orders, prefix: '/ml' })
    const error = await refusal(under.app)
    assert.equal(error.code, 'EKB_ERR_MOUNT_ROUTE_TAKEN')
    assert.equal(
      error.message,
      'The app has a route POST /ml/place already, which Orders.place is to be mounted at as well',
    )
    assert.match(error.hint ?? '', /prefix: '\/ml'.*'route'/)
    assert.equal((error.cause as { code: string }).code, 'FST_ERR_DUPLICATED_ROUTE')
  })

  it('a route that the app declares behind it: itself until it has loaded, and then Fastify', async () => {
    await using under = appWith(Orders)
    under.app.post('/place', async () => 'mine')
    assert.equal((await refusal(under.app)).code, 'EKB_ERR_MOUNT_ROUTE_TAKEN')
    await using other = fastifyApp()
    await other.app.register(servePlugin, Orders)
    assert.throws(() => other.app.post('/place', async () => 'mine'), {
      code: 'FST_ERR_DUPLICATED_ROUTE',
      message: /'POST'.*'\/place'/,
    })
  })

  it('a service that is mounted twice at one place', async () => {
    await using under = appWith(Orders)
    under.app.register(servePlugin, { service: Orders })
    assert.equal((await refusal(under.app)).code, 'EKB_ERR_MOUNT_ROUTE_TAKEN')
  })

  it('an app that has started, where Fastify does not do so first', async () => {
    await using under = fastifyApp()
    const { app } = under
    await app.listen({ port: 0, host: '127.0.0.1' })
    assert.throws(() => app.register(servePlugin, Orders), { code: 'AVV_ERR_ROOT_PLG_BOOTED' })
    await assert.rejects(
      async () => servePlugin(app, { services: [Orders, Counter] }),
      (error) => {
        assert.ok(isServiceError(error, 'EKB_ERR_MOUNT_LATE'), String(error))
        assert.match(error.message, /Orders, Counter/)
        assert.match(error.hint ?? '', /before ready\(\), listen\(\) and the first inject\(\)/)
        return true
      },
    )
  })

  it('to be left out: a service in its place is told so, through ready()', async () => {
    const app = Fastify()
    app.register(Orders as ServiceClass as never)
    const error = await refusal(app)
    assert.equal(error.code, 'EKB_ERR_SERVICE_NOT_A_PLUGIN')
    assert.match(error.hint ?? '', /app\.register\(servePlugin, Orders\)/)
    await app.close()
  })

  it('that without an end of the process', async () => {
    const main = `
      import { defineService } from '@ekiben/core'
      import Fastify from 'fastify'
      const Greeter = defineService(class Greeter { greet() { return 1 } }, { apis: { greet: {} } })
      const app = Fastify()
      app.register(Greeter)
      await app.ready().catch((error) => console.log(error.code))
      await app.close()
      console.log('still here')`
    await using project = await projectFolder({ 'main.mjs': main }, { packages: ['fastify'] })
    const { code, stdout, stderr } = await runNodeToEnd(['main.mjs'], { cwd: project.path })
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 0, stdout: 'EKB_ERR_SERVICE_NOT_A_PLUGIN\nstill here\n', stderr: '' },
    )
  })
})
