/** A stop, and what else goes on or is asked for at that time: nothing is started any more. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { postText, rawClient } from '../helpers/http-host.js'
import { releaseProject, serveProject } from '../helpers/release-project.js'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

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

  it('refuses to scale where it was told to stop just after', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path)
    const refused = assert.rejects(server.scale('Back', 3), { code: 'EKB_ERR_INSTANCE_STOPPED' })
    assert.deepEqual(await server.stop(), { exitCode: 0, forced: [] })
    await refused
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
