import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { appProject, failApp, mainFile, startApp } from '../helpers/bootstrap-app.js'
import { freePort } from '../helpers/socket-facts.js'

/**
 * Services that report to a gate in the build of the app: there `reported(name)` resolves, with what lets the service
 * go on, when its worker has come so far.
 */
const IMPORTS = `
import { defineService } from '@ekiben/core'
import { on, once } from 'node:events'
import express from 'express'
import { serve } from '@ekiben/express-adapter'
const port = Number(process.env.TEST_PORT)
const report = (name) => fetch('http://127.0.0.1:' + port + '/' + name).then(() => {})
const make = (name, dependencies = {}) => defineService(
  class { onStart() { return report(name) } async say() { return name } },
  { name, apis: { say: {} }, dependencies },
)
const Back = make('Back')
const Slow = make('Slow')
const Front = defineService(class Front { async say() { return this.back.say() } }, { apis: { say: {} }, dependencies: { back: Back } })
const Deployed = defineService(
  class Deployed {
    static onDeploy() { return report('deploying') }
    onStart() { return report('Deployed') }
    async say() { return 'Deployed' }
  },
  { apis: { say: {} } },
)
async function openGate() {
  const gate = createServer().listen(port, '127.0.0.1')
  await once(gate, 'listening')
  const reported = async (name) => {
    for await (const [request, response] of on(gate, 'request')) if (request.url === '/' + name) return () => response.end()
  }
  const close = () => { gate.close(); gate.closeAllConnections() }
  return { reported, close }
}
`

/** An app whose build comes to its end only when a pool has reported to it that nobody has called. */
async function assertBuilds(build: string, path: string, answer: string): Promise<void> {
  const port = await freePort()
  const packages = ['express', '@ekiben/express-adapter']
  await using project = await appProject(mainFile(build, { imports: IMPORTS }), packages)
  await using run = await startApp(project, 'supervised', { env: { TEST_PORT: String(port) } })
  const said = await fetch(`${run.url}${path}`, { method: 'POST' })
  assert.equal(await said.text(), answer)
  assert.equal(await run.stop(), 0)
}

describe('a service that is announced while the app is built', () => {
  it('gets its pool at once, where a client is asked for', () =>
    assertBuilds(
      `async ({ client }) => {
        const { reported, close } = await openGate()
        const back = client(Back)
        const goOn = await reported('Back')
        goOn()
        setImmediate(close)
        return async (_, res) => res.end(await back.say())
      }`,
      '/',
      'Back',
    ))

  it('gets its pool at once, where another is mounted that depends on it', () =>
    assertBuilds(
      `async () => {
        const { reported, close } = await openGate()
        const app = express().use('/ml', serve(Front))
        const goOn = await reported('Back')
        goOn()
        setImmediate(close)
        return app
      }`,
      '/ml/say',
      'Back',
    ))

  it('gets its pool at once, where one before it is still starting', () =>
    assertBuilds(
      `async ({ client }) => {
        const { reported, close } = await openGate()
        const slow = client(Slow)
        const goOn = await reported('Slow')
        const back = client(Back)
        const goOnToo = await reported('Back')
        goOn()
        goOnToo()
        setImmediate(close)
        return async (_, res) => res.end((await slow.say()) + (await back.say()))
      }`,
      '/',
      'SlowBack',
    ))

  it('gets its pool when one before it has been deployed, and is only starting', () =>
    assertBuilds(
      `async ({ client }) => {
        const { reported, close } = await openGate()
        const first = client(Deployed)
        const deploy = await reported('deploying')
        const back = client(Back)
        await new Promise(setImmediate)
        deploy()
        for (const goOn of await Promise.all([reported('Deployed'), reported('Back')])) goOn()
        setImmediate(close)
        return async (_, res) => res.end((await first.say()) + (await back.say()))
      }`,
      '/',
      'DeployedBack',
    ))

  it('does not make a build any less late that never ends', async () => {
    const imports = "import { Echo } from './services.js'"
    const build = '({ client }) => { client(Echo); return new Promise(() => {}) }'
    const options = '{ services: { Echo: { bootTimeoutMs: 60_000 } } }'
    await using project = await appProject(mainFile(build, { imports, options }))
    // Enough to come as far as to the build.
    const { code, stderr } = await failApp(project, 'supervised', { env: { TEST_BOOT_MS: '8000' } })
    assert.match(stderr, /^EKB_ERR_WORKER_BOOT_TIMEOUT: Worker shop#0 .*build/m)
    assert.equal(code, 3)
  })

  it('may take longer to boot than the app has: what that is held for does not count', async () => {
    const imports = `
      import { defineService } from '@ekiben/core'
      const Slow = defineService(
        class Slow { onStart() { return new Promise((resolve) => setTimeout(resolve, 9_000)) } async say() { return 'slow' } },
        { apis: { say: {} } },
      )`
    const options = '{ services: { Slow: { bootTimeoutMs: 60_000 } } }'
    const build = '({ client }) => { const slow = client(Slow); return async (_, res) => res.end(await slow.say()) }'
    await using project = await appProject(mainFile(build, { imports, options }))
    await using run = await startApp(project, 'supervised', { env: { TEST_BOOT_MS: '8000' } })
    assert.equal(await (await fetch(run.url)).text(), 'slow')
    assert.doesNotMatch(run.stdout(), /BOOT_TIMEOUT/)
    assert.equal(await run.stop(), 0)
  })
})
