import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { serveHttpProduction } from '@ekiben/core/serving'
import { runNode, runNodeToEnd } from '../helpers/run-node.js'
import { call, SERVICES } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const options = { workingDir: SERVICES, port: 0, host: '127.0.0.1', logLevel: 'silent' } as const

describe('serveHttpProduction', () => {
  it('gives a handle on the instance', async () => {
    await using server = await serveHttpProduction({ ...options, identifier: 'chain:Front', workers: { Back: 1 } })
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/)
    assert.equal(server.address.host, '127.0.0.1')
    assert.equal((await call(server.url, 'work')).status, 200)
    const status = server.status()
    assert.equal(status.state, 'running')
    assert.deepEqual(
      status.services.map(({ name, state, target, workers }) => [name, state, target, workers.length]),
      [
        ['Back', 'ready', 1, 1],
        ['Middle', 'ready', 1, 1],
        ['Front', 'ready', 1, 1],
      ],
    )
    const readyOfBack = () => server.status().services[0]?.workers.filter((worker) => worker.state === 'ready').length
    await server.scale('Back', 3)
    assert.equal(readyOfBack(), 3)
    await server.scale('Back', 1)
    assert.equal(readyOfBack(), 1)
    await assert.rejects(server.scale('Bakc', 1), { code: 'EKB_ERR_SERVICE_UNKNOWN' })
    await assert.rejects(server.scale('Back', 0), { code: 'EKB_ERR_CONFIG_INVALID' })
    await assert.rejects(server.restart('Bakc'), { code: 'EKB_ERR_SERVICE_UNKNOWN' })
    await assert.rejects(server.restart('Back', 7), { code: 'EKB_ERR_CONFIG_INVALID' })
    const stopping = server.stop()
    assert.deepEqual(await stopping, { exitCode: 0, forced: [] })
    assert.deepEqual(await server.closed, { exitCode: 0, forced: [] })
    assert.equal(server.status().state, 'stopped')
  })

  it('installs no signal handler', async () => {
    const before = process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')
    await using server = await serveHttpProduction({ ...options, identifier: 'crashes-on-request' })
    assert.equal(process.listenerCount('SIGTERM') + process.listenerCount('SIGINT'), before)
    await server.stop()
  })

  it('can be started by a program on the command line of Node, which no worker runs again', async () => {
    const program = `require('@ekiben/core/serving').serveHttpProduction({ identifier: 'chain:Front', port: 0, host: '127.0.0.1' })
      .then((server) => server.stop()).then(({ exitCode }) => console.log('stopped with ' + exitCode))`
    const { stdout, stderr } = await runNodeToEnd(['-e', program], { cwd: SERVICES })
    assert.match(stdout, /stopped with 0/, stderr)
  })

  it('takes a service itself', async () => {
    const { Front } = await import('../fixtures/services/chain.mjs')
    await using server = await serveHttpProduction({ ...options, identifier: Front })
    assert.equal((await call(server.url, 'work')).status, 200)
  })

  it('gives signals back to the process when it cannot start', async () => {
    const program = `require('@ekiben/core/serving').serveHttpProduction(
        { identifier: 'throws-in-constructor', port: 0, host: '127.0.0.1', logLevel: 'silent', handleSignals: true })
      .catch(({ code }) => console.log(code, process.listenerCount('SIGTERM')))
      .then(() => setInterval(() => {}, 1_000))`
    await using run = await runNode(['-e', program], { cwd: SERVICES })
    await waitUntil(() => run.stdout().endsWith('\n'), { describe: () => `the failure:\n${run.stderr()}` })
    assert.equal(run.stdout(), 'EKB_ERR_WORKER_BOOT_FAILED 0\n')
    run.kill('SIGTERM')
    assert.equal((await run.exited).signal, 'SIGTERM')
  })

  it('rejects with a coded error and leaves nothing behind', async () => {
    await assert.rejects(serveHttpProduction({ ...options, identifier: 'throws-in-constructor' }), {
      code: 'EKB_ERR_WORKER_BOOT_FAILED',
    })
    await assert.rejects(serveHttpProduction({ ...options, identifier: 'cycle:Egg' }), { code: 'EKB_ERR_GRAPH_CYCLE' })
    await using first = await serveHttpProduction({ ...options, identifier: 'crashes-on-request' })
    await assert.rejects(serveHttpProduction({ ...options, identifier: 'chain:Front', port: first.address.port }), {
      code: 'EKB_ERR_SOCKET_IN_USE',
    })
  })
})
