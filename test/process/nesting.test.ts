import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { call, EKIBEN, serveFixture } from '../helpers/serve-fixture.js'

describe('a worker', () => {
  it('makes no processes by node:cluster, whether it serves HTTP or a pool', async () => {
    await using server = await serveFixture('nests:Nests')
    for (const api of ['fork', 'inner']) {
      const { body } = await call<{ code: string; hint: string }>(server.url, api)
      assert.equal(body.code, 'EKB_ERR_NESTED_CLUSTER')
      assert.match(body.hint, /--api-workers/)
    }
    assert.equal(await server.stop(), 0)
  })

  it('begins no supervisor', async () => {
    await using server = await serveFixture('nests:Nests')
    const { body } = await call<{ code: string; hint: string }>(server.url, 'supervise')
    assert.equal(body.code, 'EKB_ERR_NESTED_SUPERVISOR')
    assert.match(body.hint, /a file that no service is declared in/)
    assert.equal(await server.stop(), 0)
  })

  it('of an app begins none either, and says so', async () => {
    const main = `
      import { defineService } from '@ekiben/core'
      import { serveHttpProduction } from '@ekiben/core/serving'
      defineService(class Greeter { greet() { return 1 } }, { apis: { greet: {} } })
      await serveHttpProduction({ identifier: 'main.mjs', port: 0, host: '127.0.0.1' })`
    await using project = await projectFolder({ 'package.json': { name: 'app' }, 'main.mjs': main })
    const { code, stderr } = await runNodeToEnd([EKIBEN, 'run', 'main.mjs'], { cwd: project.path })
    assert.equal(code, 3)
    assert.match(stderr, /EKB_ERR_NESTED_SUPERVISOR/)
  })

  it('of node:cluster runs no command that would begin one, as in the cluster mode of PM2', async () => {
    const main = `
      const cluster = require('node:cluster')
      cluster.setupPrimary({ exec: ${JSON.stringify(resolve(EKIBEN))}, args: ['run', 'app.js', '--port', '0'] })
      cluster.fork().on('exit', (code) => process.exit(code))`
    await using project = await projectFolder({
      'main.cjs': main,
      'app.js': "require('node:http').createServer().listen(process.env.PORT)",
    })
    const { code, stderr } = await runNodeToEnd(['main.cjs'], { cwd: project.path })
    assert.equal(code, 2)
    assert.match(
      stderr,
      /^EKB_ERR_NESTED_SUPERVISOR: .*a worker of node:cluster already\n {2}hint: .*exec_mode 'fork'/m,
    )
  })
})
