import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Server } from '@ekiben/core/serving'
import { readMetrics, total } from '../helpers/read-metrics.js'
import {
  linkRelease,
  pointAt,
  releaseCode,
  releaseProject,
  serveProject,
  type Who,
} from '../helpers/release-project.js'
import { call, EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

async function who(server: { readonly url: string }, ms = 0): Promise<Who> {
  const { status, body } = await call<Who>(server.url, 'who', { ms })
  assert.equal(status, 200, JSON.stringify(body))
  return body
}

/** Pids of the ready workers, by service. */
function readyPids(server: Server): Record<string, number[]> {
  const ready = server.status().services.map(({ name, workers }) => {
    const pids = workers.filter(({ state }) => state === 'ready').map(({ pid }) => pid ?? 0)
    return [name, pids] as const
  })
  return Object.fromEntries(ready)
}

interface Load extends AsyncDisposable {
  readonly stop: () => Promise<{ answers: Who[]; failures: string[] }>
}

/** Asks all the time, each time on a connection of its own, until it is told to stop; what went wrong. */
function loadOf(server: Server): Load {
  let running = true
  const answers: Who[] = []
  const failures: string[] = []
  const client = async (): Promise<void> => {
    while (running) {
      try {
        answers.push(await who(server))
      } catch (error) {
        failures.push(String(error))
      }
      await sleep(5)
    }
  }
  const done = Promise.all([client(), client()])
  const stop = async () => {
    running = false
    await done
    return { answers, failures }
  }
  return {
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
    },
  }
}

describe('reload', () => {
  it('takes new code into service without losing a request', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path, { apiWorkers: 2, workers: { Back: 2 } })
    await using load = loadOf(server)
    const before = readyPids(server)
    await project.deploy({ version: 'two' })
    const { from, to } = await server.reload()
    assert.deepEqual([from.generation, to.generation], [1, 2])
    // Whoever asks from now on: no old worker takes another connection.
    const later = await Promise.all(Array.from({ length: 50 }, () => who(server)))
    assert.deepEqual([...new Set(later.map(({ version }) => version))], ['two'])
    const { answers, failures } = await load.stop()
    assert.deepEqual(failures, [])
    assert.deepEqual([...new Set(answers.map(({ version }) => version))], ['one', 'two'])
    await waitUntil(() => server.status().services.every(({ workers }) => workers.length === 2), {
      describe: 'the old workers to leave',
    })
    const after = Object.values(readyPids(server)).flat()
    assert.equal(after.length, 4)
    for (const pid of Object.values(before).flat()) assert.ok(!after.includes(pid))
    const { state, lastReload } = server.status()
    assert.deepEqual([state, lastReload?.result, lastReload?.reason], ['running', 'done', undefined])
  })

  it('keeps each caller with its own generation, so that a deploy may change an inner call', async () => {
    await using project = await releaseProject({ version: 'one', backApi: 'old' })
    await using server = await serveProject(project.path)
    await who(server)
    const slow = who(server, 2_000)
    // It has come when the one that follows is answered.
    await who(server)
    await project.deploy({ version: 'two', backApi: 'fresh' })
    await server.reload()
    const fast = await who(server)
    assert.deepEqual([fast.version, fast.back.version], ['two', 'two'])
    const { version, back } = await slow
    assert.deepEqual([version, back.version], ['one', 'one'])
    await waitUntil(() => server.status().services.every(({ workers }) => workers.length === 1), {
      describe: 'the last old worker to leave after its last caller',
    })
  })

  const refusals = [
    ['a module that throws', { version: 'two', onLoad: "throw new Error('broken import')" }, /broken import/],
    ['a start that fails', { version: 'two', onFrontStart: "throw new Error('no start')" }, /no start/],
    ['a dependency that fails', { version: 'two', onBackStart: "throw new Error('no back')" }, /no back/],
    [
      'a start without end',
      { version: 'two', onBackStart: 'await new Promise(() => {})' },
      /10000 ms/,
      { bootTimeoutMs: 10_000 },
    ],
    ['an exit with 0', { version: 'two', onFrontStart: 'process.exit(0)' }, /ended early/],
    [
      'death soon after ready',
      { version: 'two', onLoad: 'setTimeout(() => process.exit(9), 800)' },
      /code 9/,
      { minReadyMs: 3_000 },
    ],
    ['a graph that does not plan', { version: 'two', front: 'workers: 2, resources: { gpu: 64 }' }, /GPU/i],
  ] as const
  for (const [what, release, reason, supervision] of refusals) {
    it(`is refused for ${what}, and nothing has changed`, async () => {
      await using project = await releaseProject({ version: 'one' })
      await using server = await serveProject(project.path, {
        supervision,
      })
      await using load = loadOf(server)
      const before = readyPids(server)
      await project.deploy(release)
      await assert.rejects(server.reload(), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'EKB_ERR_RELOAD_REFUSED')
        assert.match(error.message, reason)
        return true
      })
      const { answers, failures } = await load.stop()
      assert.deepEqual(failures, [])
      assert.deepEqual([...new Set(answers.map(({ version }) => version))], ['one'])
      assert.deepEqual(readyPids(server), before)
      const { state, lastReload, services } = server.status()
      assert.deepEqual([state, lastReload?.result], ['running', 'refused'])
      assert.ok(services.every(({ workers }) => workers.every(({ restarts }) => restarts === 0)))
      assert.deepEqual([...new Set(services.map(({ generation }) => generation))], [1])
      await project.deploy({ version: 'three' })
      assert.equal((await server.reload()).from.generation, 1)
      assert.equal((await who(server)).version, 'three')
    })
  }

  it('stops half-way when a worker fails after the code has proved itself, and says so', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path, { apiWorkers: 2 })
    await using load = loadOf(server)
    const onLoad =
      "if (process.env.EKIBEN_SERVICE === 'Front' && process.env.EKIBEN_SLOT === '1') throw new Error('second')"
    await project.deploy({ version: 'two', onLoad })
    await assert.rejects(server.reload(), { code: 'EKB_ERR_RELOAD_MIXED', message: /second/ })
    const { state, lastReload, services } = server.status()
    assert.deepEqual([state, lastReload?.result], ['mixed', 'mixed'])
    const front = services.find(({ name }) => name === 'Front')
    const generations = front?.workers.filter((worker) => worker.state === 'ready').map(({ generation }) => generation)
    assert.deepEqual(generations?.sort(), [1, 2])
    await waitUntil(async () => (await who(server)).version === 'two', { describe: 'an answer of the new code' })
    await waitUntil(async () => (await who(server)).version === 'one', { describe: 'an answer of the old code' })
    await project.deploy({ version: 'three' })
    await server.reload()
    assert.equal(server.status().state, 'running')
    assert.equal((await who(server)).version, 'three')
    assert.deepEqual((await load.stop()).failures, [])
    await waitUntil(() => server.status().services.every(({ workers, target }) => workers.length === target), {
      describe: 'the others to leave',
    })
  })

  it('runs once more for all that were asked for meanwhile', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path)
    const outcomes = await Promise.all([server.reload(), server.reload(), server.reload(), server.reload()])
    assert.deepEqual(
      outcomes.map(({ to }) => to.generation),
      [2, 3, 3, 3],
    )
  })

  it('gives way to a stop, at once and without a trace', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path, { supervision: { minReadyMs: 60_000 } })
    const reload = assert.rejects(server.reload(), { code: 'EKB_ERR_RELOAD_STOPPED' })
    const isProving = () =>
      server.status().services.some(({ workers }) => workers.some(({ state }) => state === 'standby'))
    await waitUntil(isProving, { describe: 'new code to prove itself' })
    const queued = assert.rejects(server.reload(), { code: 'EKB_ERR_RELOAD_STOPPED' })
    assert.deepEqual(await server.stop(), { exitCode: 0, forced: [] })
    await Promise.all([reload, queued])
    await assert.rejects(server.reload(), { code: 'EKB_ERR_RELOAD_STOPPED' })
  })

  it('follows a graph that gained and lost a service', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path)
    await using load = loadOf(server)
    const renamed = releaseCode({ version: 'two' }).replaceAll('Back', 'Rear').replaceAll('this.rear', 'this.back')
    await writeFile(join(project.path, 'service.js'), renamed)
    await server.reload()
    assert.equal((await who(server)).version, 'two')
    assert.deepEqual((await load.stop()).failures, [])
    await waitUntil(
      () =>
        server
          .status()
          .services.map(({ name }) => name)
          .join() === 'Front,Rear',
      {
        describe: () => JSON.stringify(server.status()),
      },
    )
  })

  it('takes the number of workers from the new plan, unless it was set meanwhile', async () => {
    await using project = await releaseProject({ version: 'one', front: 'workers: 1' })
    await using server = await serveProject(project.path)
    await server.scale('Back', 2)
    await project.deploy({ version: 'two', front: 'workers: 3' })
    await server.reload()
    assert.deepEqual(
      server.status().services.map(({ name, target }) => [name, target]),
      [
        ['Back', 2],
        ['Front', 3],
      ],
    )
    await project.deploy({ version: 'three', front: 'workers: 1' })
    await server.reload()
    const front = () => server.status().services.find(({ name }) => name === 'Front')
    await waitUntil(() => front()?.workers.length === 1, { describe: 'the workers beyond the plan to leave' })
  })

  it('ends workers beyond the new plan where there is no surge, though nothing happens any more', async () => {
    await using project = await releaseProject({ version: 'one', front: 'workers: 3' })
    await using server = await serveProject(project.path, { services: { Front: { surge: 0 } } })
    await project.deploy({ version: 'two', front: 'workers: 2' })
    await server.reload()
    const front = () => server.status().services.find(({ name }) => name === 'Front')
    await waitUntil(() => front()?.workers.length === 2, { describe: () => JSON.stringify(front()) })
  })

  it('drains one before it starts the next where there is no surge', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path, { services: { Back: { workers: 2, surge: 0 } } })
    await using load = loadOf(server)
    let most = 0
    const count = setInterval(() => {
      const back = server.status().services.find(({ name }) => name === 'Back')
      most = Math.max(most, back?.workers.length ?? 0)
    }, 5)
    await project.deploy({ version: 'two' })
    await server.reload()
    clearInterval(count)
    assert.equal(most, 2)
    assert.equal((await who(server)).back.version, 'two')
    assert.deepEqual((await load.stop()).failures, [])
  })

  it('follows a release folder behind a link, pins it, and can go back', async () => {
    await using project = await releaseProject({ version: 'unused' })
    const first = await linkRelease(project, { version: 'one' })
    await using run = await startServing(
      [
        EKIBEN,
        'serve',
        'service:Front',
        '--port',
        '0',
        '--host',
        '127.0.0.1',
        '--log-format',
        'json',
        '--set',
        'supervision.minReadyMs=100',
      ],
      { cwd: join(project.path, 'current'), env: { PWD: join(project.path, 'current') } },
    )
    const second = await linkRelease(project, { version: 'two' })
    const worker = await who(run)
    assert.deepEqual([worker.version, worker.cwd], ['one', first])
    process.kill(worker.back.pid, 'SIGKILL')
    // Started again from the release it was, though the link has moved.
    await waitUntil(async () => (await who(run)).back.pid !== worker.back.pid, { describe: 'another worker' })
    const { back } = await who(run)
    assert.deepEqual([back.version, back.cwd], ['one', first])
    const reload = async (version: string, cwd: string): Promise<void> => {
      run.kill('SIGHUP')
      const done = () =>
        logLines(run.stdout()).some(({ msg, to }) => msg === 'reloaded' && JSON.stringify(to).includes(cwd))
      await waitUntil(done, { describe: () => `the end of the reload:\n${run.stdout()}` })
      // Before that, an old worker may be the next to answer.
      const now = await who(run)
      assert.deepEqual([now.version, now.cwd], [version, cwd])
    }
    await reload('two', second)
    await pointAt(project, first)
    await reload('one', first)
    assert.equal(await run.stop(), 0)
  })
})

describe('restart', () => {
  it('replaces every worker of a service, and no other', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path, { apiWorkers: 2 })
    await using load = loadOf(server)
    const before = readyPids(server)
    await server.restart('Front')
    const after = readyPids(server)
    assert.deepEqual(after.Back, before.Back)
    assert.equal(after.Front?.length, 2)
    assert.ok(after.Front?.every((pid) => before.Front?.includes(pid) === false))
    await server.restart('Back', 0)
    assert.notDeepEqual(readyPids(server).Back, before.Back)
    assert.deepEqual((await load.stop()).failures, [])
  })

  it('goes on where the old one dies while its successor starts, and accounts for that death', async () => {
    const onLoad = "import { existsSync } from 'node:fs'"
    const onBackStart = "while (existsSync('hold')) await sleep(10)"
    await using project = await releaseProject({ version: 'one', onLoad, onBackStart })
    await using server = await serveProject(project.path)
    const [old = 0] = readyPids(server).Back ?? []
    const hold = join(project.path, 'hold')
    await writeFile(hold, '')
    const restart = server.restart('Back', 0)
    const back = () => server.status().services.find(({ name }) => name === 'Back')?.workers ?? []
    await waitUntil(() => back().length === 2, { describe: 'its successor to start' })
    process.kill(old, 'SIGKILL')
    await waitUntil(() => back().length === 1, { describe: 'the old one to be gone' })
    await rm(hold)
    await restart
    assert.notEqual(readyPids(server).Back?.[0] ?? old, old)
    const samples = await readMetrics(server.url)
    assert.equal(total(samples, 'ekiben_worker_restarts_total', { service: 'Back', reason: 'killed' }), 1)
  })

  it('leaves the old one where its successor fails', async () => {
    await using project = await releaseProject({ version: 'one' })
    await using server = await serveProject(project.path)
    const before = readyPids(server)
    await project.deploy({ version: 'one', onLoad: "throw new Error('changed in place')" })
    await assert.rejects(server.restart('Front'), { code: 'EKB_ERR_RESTART_FAILED', message: /changed in place/ })
    assert.deepEqual(readyPids(server), before)
    assert.equal((await who(server)).version, 'one')
  })
})

describe('scale', () => {
  it('is refused where a worker that is added fails, and the number is what it was', async () => {
    const onLoad = "if (process.env.EKIBEN_SLOT === '2') throw new Error('one too many')"
    await using project = await releaseProject({ version: 'one', onLoad })
    await using server = await serveProject(project.path)
    await server.scale('Front', 2)
    const before = readyPids(server)
    await assert.rejects(server.scale('Front', 3), { code: 'EKB_ERR_SCALE_REFUSED', message: /one too many/ })
    assert.deepEqual(readyPids(server), before)
    const front = () => server.status().services.find(({ name }) => name === 'Front')
    assert.equal(front()?.target, 2)
    await waitUntil(() => front()?.workers.length === 2, { describe: 'the slot to be gone' })
  })
})
