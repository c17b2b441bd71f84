/** A stop, and what else goes on or is asked for at that time: nothing is started any more. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import type { ServerClosed } from '@ekiben/core/serving'
import { postText, rawClient } from '../helpers/http-host.js'
import { releaseProject, serveProject } from '../helpers/release-project.js'
import { type NodeExit, runNode } from '../helpers/run-node.js'
import { call, EKIBEN, logLines, SERVICES, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const STOP_WHEN_KILLING = resolve('test/fixtures/stop-when-killing.cjs')
const LOG = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--log-level', 'debug']

// Where the entry service declares variables, the worker that announced the graph is killed as soon as that is known.
describe('a stop while the first worker gives way to one with its own variables', () => {
  it('ends the start', async () => {
    const args = ['--require', STOP_WHEN_KILLING, EKIBEN, 'serve', 'own-environments:Front', ...LOG]
    await using run = await runNode(args, { cwd: SERVICES })
    let exit: NodeExit | undefined
    void run.exited.then((ended) => {
      exit = ended
    })
    const started = () => logLines(run.stdout()).filter(({ to }) => to === 'booting')
    await waitUntil(() => exit !== undefined || started().length > 0, { describe: () => run.stdout() + run.stderr() })
    assert.deepEqual(started(), [])
    assert.equal(exit?.code, 0, run.stdout() + run.stderr())
  })

  it('ends a reload', async () => {
    await using project = await releaseProject({ version: 'one', front: "env: { MODEL: 'large' }" })
    await using server = await serveProject(project.path)
    let stopped: Promise<ServerClosed> | undefined
    let outcome: unknown
    const { kill } = process
    process.kill = (pid, signal) => {
      const isSent = kill.call(process, pid, signal)
      if (pid < 0) stopped ??= server.stop()
      return isSent
    }
    try {
      server.reload().then(
        (done) => {
          outcome = done
        },
        (error: unknown) => {
          outcome = error
        },
      )
      await waitUntil(() => outcome, { describe: 'the end of the reload' })
    } finally {
      process.kill = kill
    }
    assert.equal((outcome as { code?: string }).code, 'EKB_ERR_RELOAD_STOPPED')
    assert.deepEqual(await stopped, { exitCode: 0, forced: [] })
  })
})

describe('an instance that stops', () => {
  it('starts no worker for TTIN', async () => {
    await using server = await serveFixture('connections', ['--log-level', 'debug'])
    await using held = await rawClient(Number(new URL(server.url).port))
    const request = postText('/echo', { text: 'held' }, ['connection: close'])
    held.write(request.slice(0, -1))
    await call(server.url, 'echo', { text: 'read' })
    server.kill('SIGTERM')
    const isDraining = () => logLines(server.stdout()).some(({ slot, to }) => slot !== undefined && to === 'draining')
    await waitUntil(isDraining, { describe: server.stdout })
    server.kill('SIGTTIN')
    const since = () => logLines(server.stdout()).findIndex(({ signal }) => signal === 'SIGTTIN')
    await waitUntil(() => since() >= 0, { describe: server.stdout })
    held.write(request.slice(-1))
    assert.equal((await server.exited).code, 0, server.stdout())
    const begun = logLines(server.stdout()).filter(({ from }, index) => index > since() && from === 'spawning')
    assert.deepEqual(begun, [])
  })

  it('refuses to scale and to restart, until its end and after it', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path)
    const refused = async (): Promise<void> => {
      await assert.rejects(server.scale('Front', 3), { code: 'EKB_ERR_INSTANCE_STOPPED' })
      await assert.rejects(server.restart('Back'), { code: 'EKB_ERR_INSTANCE_STOPPED' })
    }
    const stopped = server.stop()
    await refused()
    assert.deepEqual(await stopped, { exitCode: 0, forced: [] })
    await refused()
    assert.ok(server.status().services.every(({ workers }) => workers.length === 0))
  })
})
