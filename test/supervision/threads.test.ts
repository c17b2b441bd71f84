import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { serveHttpProduction } from '@ekiben/core/serving'
import { shownBy, steer } from '../helpers/control-socket.js'
import { readMetrics, total } from '../helpers/read-metrics.js'
import { releaseProject, serveProject, type Who } from '../helpers/release-project.js'
import { call, logLines, SERVICES } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { steadyLoad } from '../helpers/steady-load.js'
import { deaths, endBack, type Place, places, serveThreads } from '../helpers/threaded.js'
import { waitUntil } from '../helpers/wait-until.js'

const LIVENESS = ['--set', 'supervision.livenessTimeoutMs=2000']

const deathOf = (server: ServingCommand, service: string) =>
  waitUntil(() => deaths(server).find((death) => death.service === service), {
    describe: () => `a death of ${service}:\n${server.stdout()}${server.stderr()}`,
  })

describe('threads from code', () => {
  it('are as many as are asked for, for each service', async () => {
    const options = { identifier: 'threads:Front', workingDir: SERVICES, port: 0, host: '127.0.0.1' } as const
    const workers = { Back: 2 }
    await using server = await serveHttpProduction({ ...options, logLevel: 'silent', threaded: true, workers })
    const shown = server
      .status()
      .services.map(({ name, workers: all }) => [name, ...all.map(({ threadId }) => threadId)])
    const ids = shown.map(([name, ...all]) => [name, ...all.map((id) => typeof id)])
    assert.deepEqual(ids, [
      ['Back', 'number', 'number'],
      ['Front', 'number'],
    ])
    assert.deepEqual(await server.stop(), { exitCode: 0, forced: [] })
  })
})

describe('a thread whose event loop does not turn', () => {
  it('is ended and replaced alone, with a dump of what it did', async () => {
    await using server = await serveThreads([...LIVENESS, '--workers', 'Back=2'])
    const before = (await places(server, 3)).get('Front#0') as Place
    const inFlight = call<Place>(server.url, 'wait', { ms: 5_000 })
    endBack(server, 'spin').catch(() => {})
    const death = await deathOf(server, 'Back')
    assert.equal(death.reason, 'wedged')
    const { body } = await inFlight
    assert.deepEqual([body.pid, body.threadId], [before.pid, before.threadId])
    const wedge = logLines(server.stdout()).find(({ dump }) => dump !== undefined)
    assert.match(String(wedge?.stack), /spin.*threads\.mjs/, JSON.stringify(wedge))
    const content = JSON.parse(await readFile(String(wedge?.dump), 'utf8'))
    assert.deepEqual([content.pid, content.calls[0].api], [before.pid, 'end'])
    assert.ok(content.threadId > 0)
    assert.equal(await server.stop(), 0)
  })

  it('runs native code that cannot be ended: the others move to another process, and lose nothing', async () => {
    await using server = await serveThreads([...LIVENESS, '--set', 'supervision.minReadyMs=100'])
    const { pid } = (await places(server, 2)).get('Front#0') as Place
    const inFlight = call<Place>(server.url, 'wait', { ms: 5_000 })
    const lost = endBack(server, 'compute')
    const killed = () => logLines(server.stdout()).some(({ service, to }) => service === 'Back' && to === 'killing')
    await waitUntil(killed, { describe: () => `Back to be killed:\n${server.stdout()}` })
    assert.deepEqual([(await lost).status, (await inFlight).status], [503, 200])
    await waitUntil(() => !isAlive(pid), { describe: () => `the end of the process:\n${server.stdout()}` })
    const after = [...(await places(server, 2)).values()]
    assert.ok(after.every((each) => each.pid !== pid))
    assert.equal(await server.stop(), 0)
  })
})

describe('an instance whose workers are threads', () => {
  it('is shown by ps, thread by thread, dumped and measured', async () => {
    await using server = await serveThreads(['--workers', 'Back=2'])
    const all = await places(server, 3)
    // Each tells how it fares with its heartbeats.
    const workers = await waitUntil(async () => {
      const [shown] = await shownBy(server)
      const found = shown?.services.flatMap(({ name, workers }) => workers.map((worker) => ({ name, ...worker }))) ?? []
      return found.every(({ rssBytes }) => rssBytes !== null) && found
    })
    assert.equal(workers.length, 3)
    for (const { name, slot, pid, threadId, rssBytes } of workers) {
      const place = all.get(`${name}#${slot}`)
      assert.deepEqual([pid, threadId], [place?.pid, place?.threadId])
      assert.ok(Number(rssBytes) > 1_000_000)
    }
    const dumped = async () => {
      const { code, stdout, stderr } = await steer(server, ['dump', 'Back/1'])
      assert.equal(code, 0, stderr)
      return JSON.parse(await readFile(stdout.trim().split('\n').at(-1) as string, 'utf8'))
    }
    // It is watched from a moment after it was ready, and busy now and then.
    const dump = await waitUntil(async () => {
      const content = await dumped()
      return content.stack?.length === 0 && content
    })
    assert.equal(dump.threadId, all.get('Back#1')?.threadId)
    const metrics = await readMetrics(server.url)
    assert.equal(total(metrics, 'ekiben_workers', { service: 'Back', state: 'ready' }), 2)
    assert.equal(await server.stop(), 0)
  })

  it('scales by command, up and down', async () => {
    await using server = await serveThreads()
    const { pid } = (await places(server, 2)).get('Back#0') as Place
    assert.equal((await steer(server, ['scale', 'Back=3'])).code, 0)
    const up = await places(server, 4)
    assert.ok([...up.values()].every((each) => each.pid === pid))
    assert.equal((await steer(server, ['scale', 'Back=1'])).code, 0)
    const [shown] = await shownBy(server)
    const back = shown?.services.find(({ name }) => name === 'Back')
    assert.equal(back?.workers.filter(({ state }) => state === 'ready').length, 1)
    assert.equal(await server.stop(), 0)
  })

  it('recycles threads after so many calls, and no request fails', async () => {
    const settings = ['--set', 'supervision.maxRequests=100', '--set', 'supervision.minReadyMs=100']
    await using server = await serveThreads(['--api-workers', '2', ...settings])
    const load = steadyLoad(`${server.url}/both`, 8)
    const left = () => logLines(server.stdout()).filter(({ from, to }) => from === 'draining' && to === 'exited').length
    await waitUntil(() => left() >= 6, { timeoutMs: 30_000, describe: () => `six recycled:\n${server.stdout()}` })
    const { failed } = await load.stop()
    assert.deepEqual(failed, [])
    assert.equal(await server.stop(), 0)
  })

  it('goes on to another process when each descriptor of the socket has been used', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path, { threaded: true, supervision: { minReadyMs: 0 } })
    const before = (await call<Who>(server.url, 'who')).body
    let after = before
    for (let restarts = 1; after.pid === before.pid; restarts++) {
      assert.ok(restarts <= 40, 'the process has more descriptors than were expected')
      await server.restart('Front')
      after = (await call<Who>(server.url, 'who')).body
    }
    assert.equal(after.back.pid, before.back.pid)
  })
})

describe('a reload of threads', () => {
  it('runs the new code, and loses no request', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path, { threaded: true, apiWorkers: 2, workers: { Back: 2 } })
    const before = (await call<Who>(server.url, 'who')).body
    assert.deepEqual([before.version, before.back.version, before.pid], ['one', 'one', before.back.pid])
    const load = steadyLoad(`${server.url}/who`, 4)
    await project.deploy({ version: 'two' })
    await server.reload()
    const after = (await call<Who>(server.url, 'who')).body
    assert.deepEqual([after.version, after.back.version, after.pid], ['two', 'two', after.back.pid])
    assert.notEqual(after.pid, before.pid)
    const { ok, failed } = await load.stop()
    assert.deepEqual(failed, [])
    assert.ok(ok > 0)
    await waitUntil(() => !isAlive(before.pid), { describe: 'the end of the old process' })
  })

  it('changes nothing when the new code is broken', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path, { threaded: true })
    const before = (await call<Who>(server.url, 'who')).body
    await project.deploy({ version: 'two', onLoad: "throw new Error('broken on purpose')" })
    await assert.rejects(server.reload(), /broken on purpose/)
    const after = (await call<Who>(server.url, 'who')).body
    assert.deepEqual([after.version, after.pid], ['one', before.pid])
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
