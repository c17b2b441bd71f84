/** A supervisor that stands still for a while: what came meanwhile is in time, though it hears it late. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { hearFirst } from '../../packages/core/build/util/hear-first.js'
import { processIdentity } from '../../packages/core/build/util/process-identity.js'
import { postText, rawClient } from '../helpers/http-host.js'
import { releaseProject, serveProject, type Who } from '../helpers/release-project.js'
import { runNode } from '../helpers/run-node.js'
import { call, EKIBEN, logLines, SERVICES, serveFixture } from '../helpers/serve-fixture.js'
import { callOver, socketFolder } from '../helpers/unix-http.js'
import { waitUntil } from '../helpers/wait-until.js'

/** No event loop turns meanwhile. */
const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

describe('a supervisor that was held up', () => {
  it('takes for ready a worker that became so in time', async () => {
    const BOOT_MS = 6_000
    await using at = await socketFolder()
    const flags = ['--uds', at.socket, '--log-format', 'json', '--log-level', 'debug']
    const boot = ['--set', `Wedges.bootTimeoutMs=${BOOT_MS}`]
    const env = { BLOCK_START_MS: '500' }
    await using run = await runNode([EKIBEN, 'serve', 'wedges', ...flags, ...boot], { cwd: SERVICES, env })
    const heard = (what: string) => run.stdout().includes(what)
    await waitUntil(() => heard('"to":"starting"'), { describe: () => run.stdout() + run.stderr() })
    process.kill(run.pid, 'SIGSTOP')
    const since = performance.now()
    assert.equal((await callOver(at.socket, 'ping')).status, 200)
    await sleep(BOOT_MS + 500 - (performance.now() - since))
    process.kill(run.pid, 'SIGCONT')
    await waitUntil(() => heard('"msg":"ready"') || heard('"to":"killing"'), { describe: run.stdout })
    assert.ok(heard('"msg":"ready"'), run.stdout())
    run.kill('SIGTERM')
    assert.equal((await run.exited).code, 0, run.stdout())
  })

  it('takes no new code into service that has ended in its trial', async () => {
    const MIN_READY_MS = 1_000
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path, { supervision: { minReadyMs: MIN_READY_MS } })
    const end = join(project.path, 'end')
    const onLoad = `
      import { existsSync } from 'node:fs'
      setInterval(() => existsSync('${end}') && process.exit(9), 10)`
    await project.deploy({ version: 'two', onLoad })
    const refused = assert.rejects(server.reload(), { code: 'EKB_ERR_RELOAD_REFUSED', message: /code 9/ })
    const isOnTrial = () =>
      server
        .status()
        .services.every(({ workers }) =>
          workers.some(({ generation, state }) => generation === 2 && (state === 'ready' || state === 'standby')),
        )
    await waitUntil(isOnTrial, { describe: () => JSON.stringify(server.status()) })
    // This process is the supervisor: its timers are the next that it looks at.
    await nextTurn()
    writeFileSync(end, '')
    standStill(MIN_READY_MS + 500)
    await refused
    assert.equal((await call<Who>(server.url, 'who')).body.version, 'one')
    assert.equal(server.status().lastReload?.result, 'refused')
  })

  it('takes for gone by itself a worker that left in time', async () => {
    const DRAIN_MS = 5_000
    const flags = ['--log-level', 'debug', '--timeout-graceful-shutdown', String(DRAIN_MS / 1000)]
    await using server = await serveFixture('connections', flags)
    const workers = () => logLines(server.stdout()).filter(({ workerPid }) => workerPid !== undefined)
    await using held = await rawClient(Number(new URL(server.url).port))
    const request = postText('/echo', { text: 'held' }, ['connection: close'])
    held.write(request.slice(0, -1))
    await call(server.url, 'echo', { text: 'read' })
    server.kill('SIGTERM')
    const isDraining = () => workers().some(({ to }) => to === 'draining')
    await waitUntil(isDraining, { describe: server.stdout })
    server.kill('SIGSTOP')
    const since = performance.now()
    held.write(request.slice(-1))
    assert.match((await held.answers(1))[0] ?? '', /^HTTP\/1.1 200 /)
    const pid = Number(workers()[0]?.workerPid)
    await waitUntil(async () => (await processIdentity(pid)) === undefined, { describe: 'the worker to leave' })
    // A worker is killed half a second after its time.
    await sleep(DRAIN_MS + 1_000 - (performance.now() - since))
    server.kill('SIGCONT')
    assert.equal((await server.exited).code, 0, server.stdout())
  })
})

describe('hearFirst', () => {
  it('calls back when that was read which has come while nothing was', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const sender = connect((server.address() as { port: number }).port, '127.0.0.1')
    const [receiver] = (await once(server, 'connection')) as [Socket]
    const seen: string[] = []
    receiver.once('data', () => seen.push('read'))
    const over = new Promise<void>((resolve) => {
      hearFirst(50, () => {
        seen.push('over')
        resolve()
      })
    })
    sender.write('in time', () => standStill(100))
    await over
    assert.deepEqual(seen, ['read', 'over'])
    sender.destroy()
    receiver.destroy()
    server.close()
  })

  it('is called off until the last moment', async () => {
    const seen: string[] = []
    const callOff = hearFirst(1, () => seen.push('over'))
    setTimeout(callOff, 1)
    // Both are due in one turn.
    standStill(5)
    await sleep(50)
    assert.deepEqual(seen, [])
  })
})
