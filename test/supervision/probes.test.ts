import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { WorkerStatus } from '@ekiben/core/serving'
import { shownBy, steer } from '../helpers/control-socket.js'
import { call, failFixture, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

type Server = Awaited<ReturnType<typeof serveFixture>>

interface Who {
  readonly pid: number
  readonly slot: number
}

/** What the services of the fixture are to say of themselves. */
interface Words extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
  say(name: string, word?: string): Promise<void>
  unsay(name: string): Promise<void>
}

async function words(): Promise<Words> {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-says-'))
  return {
    env: { SAYS: folder },
    // At once: it may be read at any moment.
    say: async (name, word = 'false') => {
      await writeFile(join(folder, `${name}.new`), word)
      await rename(join(folder, `${name}.new`), join(folder, name))
    },
    unsay: (name) => rm(join(folder, name)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

const FLAGS = ['--no-access-log', '--set', 'minReadyMs=100']

const serve = (said: Words, flags: readonly string[] = []): Promise<Server> =>
  serveFixture('says-how-it-is:Front', [...FLAGS, ...flags], { env: said.env })

async function workersOf(server: Server, service: string): Promise<readonly WorkerStatus[]> {
  const [shown] = await shownBy(server)
  const found = shown?.services.find(({ name }) => name === service)
  return (found?.workers ?? []) as readonly unknown[] as readonly WorkerStatus[]
}

const untilStates = (server: Server, service: string, expected: readonly string[]) =>
  waitUntil(async () => {
    const states = (await workersOf(server, service)).map(({ state }) => state)
    assert.deepEqual(states, expected)
    return true
  })

const readyz = async (server: Server): Promise<number> => (await fetch(`${server.url}/readyz`)).status
const messages = (server: Server) => logLines(server.stdout()).map(({ msg }) => msg)

describe('a service that says it is not ready', () => {
  it('is called by nobody in that worker, until it says that it is', async () => {
    await using said = await words()
    await using server = await serve(said)
    await said.say('Back#0.isReady')
    await untilStates(server, 'Back', ['not-ready', 'ready'])
    // Its caller is told of it a moment later.
    await waitUntil(async () => {
      for (let i = 0; i < 20; i++) {
        const { status, body } = await call<Who>(server.url, 'whoInBack')
        assert.deepEqual([status, body.slot], [200, 1])
      }
      return true
    })
    await said.unsay('Back#0.isReady')
    await untilStates(server, 'Back', ['ready', 'ready'])
    await waitUntil(async () => (await call<Who>(server.url, 'whoInBack')).body.slot === 0)
    assert.ok(messages(server).includes('a worker takes no calls: it says that it is not ready'))
    assert.ok(messages(server).includes('a worker takes calls again: it says that it is ready'))
    assert.equal(await server.stop(), 0)
  })

  it('in all of its workers is down: its callers get 503, and so does readiness', async () => {
    await using said = await words()
    await using server = await serve(said, ['--set', 'Back.dependencyGraceMs=0'])
    assert.equal(await readyz(server), 200)
    await said.say('Back.isReady')
    await waitUntil(async () => (await readyz(server)) === 503)
    assert.equal((await call(server.url, 'whoInBack')).status, 503)
    await waitUntil(() => messages(server).includes('service is down: it has no ready worker'), {
      describe: server.stdout,
    })
    await said.unsay('Back.isReady')
    await waitUntil(async () => (await readyz(server)) === 200)
    assert.equal((await call(server.url, 'whoInBack')).status, 200)
    assert.equal(await server.stop(), 0)
  })

  it('is the entry service: the instance is ready for as long as one of its workers is', async () => {
    await using said = await words()
    await using server = await serve(said, ['--api-workers', '2'])
    await said.say('Front#0.isReady')
    await untilStates(server, 'Front', ['not-ready', 'ready'])
    for (let i = 0; i < 10; i++) assert.equal(await readyz(server), 200)
    // Clients who stay connected are sent to the one that is ready, and stay there.
    await waitUntil(async () => {
      for (let i = 0; i < 20; i++) {
        const answer = await fetch(`${server.url}/who`, { method: 'POST' })
        assert.equal(((await answer.json()) as Who).slot, 1)
      }
      return true
    })
    await said.say('Front#1.isReady')
    await untilStates(server, 'Front', ['not-ready', 'not-ready'])
    await waitUntil(async () => {
      for (let i = 0; i < 10; i++) assert.equal(await readyz(server), 503)
      return true
    })
    // Whoever asks all the same is answered.
    assert.equal((await call(server.url, 'who')).status, 200)
    await said.unsay('Front#0.isReady')
    await waitUntil(async () => {
      for (let i = 0; i < 10; i++) assert.equal(await readyz(server), 200)
      return true
    })
    assert.equal(await server.stop(), 0)
  })

  it('by an error counts as not ready, and the error is said once', async () => {
    await using said = await words()
    await using server = await serve(said)
    await said.say('Back#1.isReady', 'throws')
    await untilStates(server, 'Back', ['ready', 'not-ready'])
    const failures = () => messages(server).filter((msg) => String(msg).startsWith('isReady() failed'))
    await waitUntil(() => failures().length > 0)
    const [{ uptimeMs = 0 } = {}] = await workersOf(server, 'Back')
    // Several heartbeats later.
    await waitUntil(async () => ((await workersOf(server, 'Back'))[0]?.uptimeMs ?? 0) > uptimeMs + 1_000)
    assert.equal(failures().length, 1)
    assert.equal(await server.stop(), 0)
  })

  it('while it starts is waited for, and is no start when it does not become so in time', async () => {
    await using said = await words()
    await said.say('Front.isReady')
    const { code, stderr, stdout } = await failFixture(
      'says-how-it-is:Front',
      [...FLAGS, '--set', 'Front.bootTimeoutMs=8000'],
      { env: said.env },
    )
    assert.equal(code, 3, stdout + stderr)
    assert.match(stderr, /EKB_ERR_WORKER_BOOT_TIMEOUT[\s\S]*isReady|isReady[\s\S]*EKB_ERR_WORKER_BOOT_TIMEOUT/)
  })

  it('in new code is no reason to replace the old', async () => {
    await using said = await words()
    await using server = await serve(said, ['--set', 'Back.bootTimeoutMs=8000'])
    await said.say('Back.isReady', 'generation 1')
    const { code, stderr } = await steer(server, ['reload'])
    assert.equal(code, 1)
    assert.match(stderr, /isReady/)
    assert.equal((await call(server.url, 'whoInBack')).status, 200)
    assert.equal(await server.stop(), 0)
  })
})

describe('a service that says it is not alive', () => {
  it('is replaced in that worker; calls it has are answered, and no other fails', async () => {
    await using said = await words()
    await using server = await serve(said)
    const [first] = await workersOf(server, 'Back')
    assert.ok(first?.pid)
    const slow = Array.from({ length: 4 }, () => call<{ pid: number }>(server.url, 'slowInBack', { until: 'enough' }))
    await waitUntil(async () => (await workersOf(server, 'Back')).every(({ inFlight = 0 }) => inFlight > 0))
    await said.say('Back#0.isAlive', String(first.pid))
    await waitUntil(async () => {
      assert.equal((await call(server.url, 'whoInBack')).status, 200)
      const workers = (await workersOf(server, 'Back')).filter(({ slot }) => slot === 0)
      return workers.some(({ pid, state }) => pid !== first.pid && state === 'ready')
    })
    await said.say('enough')
    for (const answer of await Promise.all(slow)) assert.equal(answer.status, 200)
    await waitUntil(async () => (await workersOf(server, 'Back')).every(({ pid }) => pid !== first.pid))
    const [successor] = await workersOf(server, 'Back')
    assert.equal(successor?.restarts, 1)
    const replaced = logLines(server.stdout()).find(({ msg }) => msg === 'replacing a worker')
    assert.equal(replaced?.reason, 'isAlive() said false')
    assert.equal(await server.stop(), 0)
  })

  it('in every worker that takes its place is tried again more and more slowly', async () => {
    await using said = await words()
    const fast = ['flappingCount=3', 'initialMs=50', 'maxMs=200'].flatMap((each) => ['--set', `restart.${each}`])
    await using server = await serve(said, ['--workers', 'Back=1', ...fast])
    await said.say('Back.isAlive')
    await waitUntil(() => messages(server).includes('workers keep dying; trying again more slowly'), {
      timeoutMs: 60_000,
      describe: () => server.stdout(),
    })
    await said.unsay('Back.isAlive')
    await waitUntil(async () => (await call(server.url, 'whoInBack')).status === 200)
    assert.equal(await server.stop(), 0)
  })
})
