import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertNoLeftovers } from '../helpers/no-leftovers.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { call, EKIBEN, logLines, SERVICES, serveFixture } from '../helpers/serve-fixture.js'
import { deaths, endBack, type Place, places, serveThreads, titleOf, untilReady } from '../helpers/threaded.js'
import { waitUntil } from '../helpers/wait-until.js'

const place = (all: ReadonlyMap<string, Place>, name: string): Place => all.get(name) as Place

describe('workers that are threads', () => {
  it('share one process apart from the supervisor, and each is a worker like any other', async () => {
    await using server = await serveThreads(['--api-workers', '2', '--workers', 'Back=2'])
    const all = [...(await places(server, 4)).values()]
    const [{ pid }] = all as [Place]
    assert.notEqual(pid, server.pid)
    assert.ok(all.every((each) => each.pid === pid && each.threadId > 0))
    assert.equal(new Set(all.map(({ threadId }) => threadId)).size, 4)
    for (const name of ['Front#0', 'Front#1', 'Back#0', 'Back#1', 'g1']) {
      await waitUntil(async () => (await titleOf(pid)).includes(name), { describe: `${name} in the title` })
    }
    assert.equal(await server.stop(), 0)
  })

  it('log by themselves, with the fields of a worker; what their code prints comes through', async () => {
    await using server = await serveFixture('threads:Front', ['--threaded'])
    const { pid } = (await call<Place>(server.url, 'where')).body
    await call(server.url, 'print', { text: 'printed by a thread' })
    assert.equal(await server.stop(), 0)
    const request = logLines(server.stdout()).find(({ msg, route }) => msg === 'request' && route === '/where')
    assert.deepEqual(
      { pid: request?.pid, service: request?.service, slot: request?.slot, generation: request?.generation },
      { pid, service: 'Front', slot: 0, generation: 1 },
    )
    assert.match(server.stdout(), /^printed by a thread$/m)
    assert.match(server.stderr(), /^printed by a thread$/m)
  })

  it('are those of one service alone where only that asks for it', async () => {
    await using server = await serveFixture('threads:Front', ['--set', 'Back.threads=true'])
    const all = await places(server, 2)
    assert.equal(place(all, 'Front#0').threadId, 0)
    assert.ok(place(all, 'Back#0').threadId > 0)
    assert.notEqual(place(all, 'Back#0').pid, place(all, 'Front#0').pid)
    assert.equal(await server.stop(), 0)
  })

  it('are not those of a service that does not want it, though all others are', async () => {
    await using server = await serveThreads(['--set', 'Front.threads=false'])
    const all = await places(server, 2)
    assert.equal(place(all, 'Front#0').threadId, 0)
    assert.ok(place(all, 'Back#0').threadId > 0)
    assert.equal(await server.stop(), 0)
  })

  it('have a process with the variables and flags of their service, which native code sees too', async () => {
    const flags = [
      '--set',
      'Back.env.TZ=Asia/Tokyo',
      '--set',
      'Back.env.MODEL=small',
      '--set',
      'Back.nodeArgs=["--no-warnings"]',
    ]
    await using server = await serveThreads(flags)
    const all = await places(server, 2)
    const front = place(all, 'Front#0')
    const back = place(all, 'Back#0')
    assert.notEqual(back.pid, front.pid)
    assert.deepEqual([back.zone, back.model], ['Asia/Tokyo', 'small'])
    assert.notEqual(front.zone, 'Asia/Tokyo')
    assert.equal(front.model, null)
    assert.ok(back.flags.includes('--no-warnings'))
    assert.equal(await server.stop(), 0)
  })

  it('have a heap so limited that what is young in it fits into what Node gives a full one to end in', async () => {
    await using server = await serveThreads(['--set', 'Back.maxHeapBytes=64M'])
    const all = await places(server, 2)
    const { maxOldGenerationSizeMb, maxYoungGenerationSizeMb = 0 } = place(all, 'Back#0').limits
    assert.equal(maxOldGenerationSizeMb, 64)
    assert.ok(maxYoungGenerationSizeMb < 16, `${maxYoungGenerationSizeMb} MiB`)
    assert.notEqual(place(all, 'Front#0').limits.maxOldGenerationSizeMb, 64)
    assert.equal(await server.stop(), 0)
  })

  it('finish what is in flight at a stop, and refuse who comes then', async () => {
    await using server = await serveThreads(['--api-workers', '2'])
    await places(server, 3)
    const inFlight = call<Place>(server.url, 'behind', { api: 'wait', ms: 1_500 })
    await call(server.url, 'both')
    server.kill('SIGTERM')
    await waitUntil(
      () =>
        call(server.url, 'where').then(
          () => false,
          (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
        ),
      { describe: 'a refusal' },
    )
    assert.equal((await inFlight).status, 200)
    assert.equal((await server.exited).code, 0)
  })

  it('call one another within their process, and keep what they have sent', async () => {
    await using server = await serveThreads()
    for (const size of [10, 100_000, 5_000_000]) {
      assert.deepEqual((await call(server.url, 'pass', { size })).body, { kept: true, received: true })
    }
    const { body } = await call<string[]>(server.url, 'resources')
    assert.ok(!body.includes('PipeWrap'), String(body))
    assert.equal(await server.stop(), 0)
  })

  it('call a process, and are called by one, over a socket', async () => {
    for (const settings of ['Front.threads=false', 'Back.threads=false']) {
      await using server = await serveThreads(['--set', settings])
      const passed = await call(server.url, 'pass', { size: 1_000_000 })
      assert.deepEqual(passed.body, { kept: true, received: true })
      const { body } = await call<string[]>(server.url, 'resources')
      assert.ok(body.includes('PipeWrap'), String(body))
      assert.equal(await server.stop(), 0)
    }
  })

  it('are added and taken away', async () => {
    await using server = await serveThreads()
    server.kill('SIGTTIN')
    await untilReady(server, 'Front', 2)
    const all = await places(server, 3)
    assert.equal(place(all, 'Front#1').pid, place(all, 'Front#0').pid)
    server.kill('SIGTTOU')
    const gone = () => logLines(server.stdout()).some(({ slot, to }) => slot === 1 && to === 'exited')
    await waitUntil(gone, { describe: () => `the end of Front#1:\n${server.stdout()}` })
    assert.equal((await call<Place>(server.url, 'where')).body.slot, 0)
    assert.equal(await server.stop(), 0)
  })

  it('are nothing that run knows: the app is what node runs', async () => {
    const { code, stderr } = await runNodeToEnd([EKIBEN, 'run', 'threads.mjs', '--threaded'], { cwd: SERVICES })
    assert.equal(code, 2)
    assert.match(stderr, /--threaded/)
  })
})

describe('a thread that ends although nobody asked it to', () => {
  const ENDS = [
    ['throw', 'uncaught', /uncaught error: TypeError: thrown where nobody catches \(code 1\)/],
    ['reject', 'uncaught', /unhandled rejection: RangeError: rejected where nobody catches \(code 1\)/],
    ['exit', 'exit', /code 9/],
    ['fillHeap', 'out-of-memory', /its V8 heap reached its limit/],
  ] as const

  for (const [by, reason, exit] of ENDS) {
    it(`is replaced alone, a call in flight in another unharmed: ${by}`, async () => {
      await using server = await serveThreads(['--set', 'Back.maxHeapBytes=64M'])
      const before = await places(server, 2)
      const inFlight = call<Place>(server.url, 'wait', { ms: 1_000 })
      const { status } = await endBack(server, by)
      assert.equal(status, 503)
      const front = place(before, 'Front#0')
      const waited = (await inFlight).body
      assert.deepEqual([waited.pid, waited.threadId], [front.pid, front.threadId])
      await untilReady(server, 'Back', 2)
      const [death] = deaths(server)
      assert.equal(death?.reason, reason)
      assert.match(String(death?.exit), exit)
      const back = place(await places(server, 2), 'Back#0')
      assert.equal(back.pid, front.pid)
      assert.notEqual(back.threadId, place(before, 'Back#0').threadId)
      assert.equal(await server.stop(), 0)
    })
  }

  it('leaves its last words, as a process does', async () => {
    await using server = await serveThreads()
    await endBack(server, 'throw')
    await untilReady(server, 'Back', 2)
    assert.match(String(deaths(server)[0]?.lastOutput), /Uncaught TypeError: thrown where nobody catches/)
    assert.equal(await server.stop(), 0)
    assert.match(server.stderr(), /Uncaught TypeError: thrown where nobody catches\n\s+at .*threads\.mjs/)
  })
})

describe('a host process', () => {
  it('takes all its workers with it when it is killed; they come back, and clients wait', async () => {
    await using server = await serveThreads(['--api-workers', '2'])
    const before = place(await places(server, 3), 'Front#0')
    process.kill(before.pid, 'SIGKILL')
    await untilReady(server, 'Front', 4)
    await untilReady(server, 'Back', 2)
    const after = await places(server, 3)
    assert.ok([...after.values()].every(({ pid }) => pid !== before.pid))
    assert.deepEqual(
      deaths(server).map(({ reason }) => reason),
      ['killed', 'killed', 'killed'],
    )
    assert.equal(await server.stop(), 0)
  })

  it('is replaced when it is told to stop, and nothing is lost', async () => {
    await using server = await serveThreads(['--api-workers', '2', '--set', 'supervision.minReadyMs=100'])
    const { pid } = place(await places(server, 3), 'Front#0')
    const inFlight = call<Place>(server.url, 'wait', { ms: 1_000 })
    const behind = call<Place>(server.url, 'behind', { api: 'wait', ms: 1_000 })
    await call(server.url, 'both')
    process.kill(pid, 'SIGTERM')
    await waitUntil(
      () => logLines(server.stdout()).filter(({ to, workerPid }) => to === 'exited' && workerPid === pid).length === 3,
      { describe: () => `the end of all workers of ${pid}:\n${server.stdout()}` },
    )
    assert.deepEqual([(await inFlight).status, (await behind).status], [200, 200])
    assert.ok([...(await places(server, 3)).values()].every((each) => each.pid !== pid))
    assert.deepEqual(deaths(server), [])
    assert.equal(await server.stop(), 0)
  })

  it('outlives its supervisor only until what is in flight is answered', async () => {
    await using server = await serveThreads()
    const inFlight = call<Place>(server.url, 'behind', { api: 'wait', ms: 1_000 })
    await call(server.url, 'both')
    server.kill('SIGKILL')
    assert.equal((await inFlight).status, 200)
    // Disposing only kills what is left of a process that was killed.
    await assertNoLeftovers({ mark: server.mark })
  })
})
