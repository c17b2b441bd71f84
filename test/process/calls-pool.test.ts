import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isServiceError } from '../../packages/core/build/errors/service-error.js'
import { type CallWorker, call, openCallPool } from '../helpers/call-pool.js'
import { waitUntil } from '../helpers/wait-until.js'

const coded = (code: string) => (error: unknown) => {
  assert.ok(isServiceError(error, code), `${code} was expected: ${String(error)}`)
  return true
}

test('a killed worker loses its own calls in flight, at once; others and later ones are served', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  const [one, two] = [await pool.start(), await pool.start()]
  client.update([one, two])
  const calls = Array.from({ length: 20 }, (_, name) => call(client, 'hang', name))
  const outcomes = Promise.allSettled(calls)
  const started = (worker: CallWorker) => worker.events.filter(({ event }) => event === 'started').length
  await waitUntil(() => started(one) + started(two) === 20, { describe: 'all calls to be started' })
  assert.ok(started(one) > 0 && started(two) > 0)
  one.signal('SIGKILL')
  const first = await Promise.race(calls).catch((error: unknown) => error)
  coded('EKB_ERR_WORKER_LOST')(first)
  for (let index = 0; index < 20; index++) assert.equal(await call(client, 'whoami'), two.slot)
  two.signal('SIGKILL')
  for (const outcome of await outcomes) {
    assert.equal(outcome.status, 'rejected')
    coded('EKB_ERR_WORKER_LOST')(outcome.reason)
  }
})

test('an idempotent call of a killed worker is tried elsewhere, but not for ever', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  const workers = [await pool.start(), await pool.start(), await pool.start()]
  client.update(workers.slice(0, 1))
  const outcome = call(client, 'hang', 'here', { idempotent: true }).catch((error: unknown) => error)
  // It may be the call that kills them: three are enough.
  for (const [index, worker] of workers.entries()) {
    await worker.event('started', 'here')
    client.update(workers.slice(index, index + 2))
    worker.signal('SIGKILL')
  }
  coded('EKB_ERR_WORKER_LOST')(await outcome)
})

test('workers that drain under load lose no call', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  let members = [await pool.start(), await pool.start()]
  client.update(members)
  let isOver = false
  let answered = 0
  const caller = async () => {
    while (!isOver) {
      await call(client, 'brief', { ms: 2 })
      answered++
    }
  }
  const callers = Promise.all(Array.from({ length: 64 }, caller))
  for (let round = 0; round < 4; round++) {
    const before = answered
    await waitUntil(() => answered > before + 200, { describe: 'load' })
    const [leaving, staying] = members as [CallWorker, CallWorker]
    members = [staying, await pool.start()]
    // Before and after its goaway: the snapshot may come late, or early.
    if (round % 2 === 0) client.update(members)
    leaving.drain()
    await leaving.exited
    client.update(members)
  }
  isOver = true
  await callers
})

test('draining finishes what is in flight, then ends', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  const worker = await pool.start()
  client.update([worker])
  const long = call(client, 'brief', { ms: 300 })
  await call(client, 'mark', 'connected')
  worker.drain()
  assert.equal(await long, worker.slot)
  const [code] = (await worker.exited) as [number]
  assert.equal(code, 0)
})

test('draining sends what must be read before it can be sent', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  const worker = await pool.start()
  client.update([worker])
  const answers = [call(client, 'file', { ms: 300 }), call(client, 'file', { ms: 300 })]
  await call(client, 'mark', 'connected')
  worker.drain()
  for (const blob of (await Promise.all(answers)) as Blob[]) assert.equal(await blob.text(), 'read before it is sent')
  const [code] = (await worker.exited) as [number]
  assert.equal(code, 0)
})

test('calls that were not sent to a worker that does not read are not lost with it', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  const stuck = await pool.start()
  client.update([stuck])
  await call(client, 'whoami')
  stuck.signal('SIGSTOP')
  const bytes = new Uint8Array(4 * 1024 * 1024)
  const sent = call(client, 'size', bytes)
  // Once the first fills the socket, the rest stay with the caller.
  await new Promise((resolve) => setImmediate(resolve))
  const unsent = Array.from({ length: 10 }, () => call(client, 'size', bytes))
  const outcome = sent.catch((error: unknown) => error)
  const other = await pool.start()
  client.update([stuck, other])
  stuck.signal('SIGKILL')
  coded('EKB_ERR_WORKER_LOST')(await outcome)
  assert.deepEqual(await Promise.all(unsent), Array(10).fill(bytes.byteLength))
})

test("workers of the caller's own generation are preferred, others need the same schema", async () => {
  await using pool = openCallPool()
  const client = pool.client({ generation: 2, schemaHash: 'one' })
  const old = await pool.start({ generation: 1 })
  const own = await pool.start({ generation: 2 })
  const changed = await pool.start({ generation: 3, schemaHash: 'two' })
  const slots = async () => new Set(await Promise.all(Array.from({ length: 30 }, () => call(client, 'whoami'))))
  client.update([old, changed])
  assert.deepEqual(await slots(), new Set([old.slot]))
  client.update([old, own, changed])
  assert.deepEqual(await slots(), new Set([own.slot]))
  own.signal('SIGKILL')
  await own.exited
  client.update([old, changed])
  assert.deepEqual(await slots(), new Set([old.slot]))
})

test('a worker of another generation that is not what the snapshot says is not called', async () => {
  await using pool = openCallPool()
  const client = pool.client({ generation: 2, schemaHash: 'one', dependencyGraceMs: 300 })
  const changed = await pool.start({ generation: 1, schemaHash: 'two' })
  client.update([{ ...changed, schemaHash: 'one' }])
  await assert.rejects(call(client, 'whoami'), (error: Error) => {
    coded('EKB_ERR_CALL_PROTOCOL')(error.cause)
    return coded('EKB_ERR_DEPENDENCY_DOWN')(error)
  })
})

test('no worker yet: calls wait for one', async () => {
  await using pool = openCallPool()
  const client = pool.client({ dependencyGraceMs: 60_000 })
  const early = call(client, 'whoami')
  const worker = await pool.start()
  client.update([worker])
  assert.equal(await early, worker.slot)
})

test('no worker for longer than the grace time: calls fail at once, until one comes', async () => {
  await using pool = openCallPool()
  const client = pool.client({ dependencyGraceMs: 200 })
  await assert.rejects(call(client, 'whoami'), coded('EKB_ERR_DEPENDENCY_DOWN'))
  // At once: before anything else can happen.
  const failed = call(client, 'whoami').catch((error: unknown) => error)
  const later = new Promise((resolve) => setImmediate(resolve, 'it waits'))
  coded('EKB_ERR_DEPENDENCY_DOWN')(await Promise.race([failed, later]))
  const worker = await pool.start()
  client.update([worker])
  assert.equal(await call(client, 'whoami'), worker.slot)
})

test('a worker that is listed but cannot be reached is passed over', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  const worker = await pool.start()
  const gone = { slot: 9, generation: 1, address: `${pool.folder}/gone.sock`, schemaHash: 'one' }
  client.update([gone, worker])
  const slots = await Promise.all(Array.from({ length: 40 }, () => call(client, 'whoami')))
  assert.deepEqual(new Set(slots), new Set([worker.slot]))
})

test('maxConcurrency: the rest wait in order at the caller, not past their deadline, and not too many', async () => {
  await using pool = openCallPool()
  const client = pool.client({ maxConcurrency: 1, maxQueue: 3 })
  const worker = await pool.start()
  client.update([worker])
  const controller = new AbortController()
  const busy = call(client, 'hang', 'busy', { signal: controller.signal })
  await worker.event('started', 'busy')
  const first = call(client, 'mark', 'first')
  const late = assert.rejects(call(client, 'mark', 'late', { timeoutMs: 100 }), coded('EKB_ERR_TIMEOUT'))
  const second = call(client, 'mark', 'second')
  await assert.rejects(call(client, 'mark', 'too many'), coded('EKB_ERR_OVERLOADED'))
  await late
  const freed = assert.rejects(busy, coded('EKB_ERR_ABORTED'))
  controller.abort()
  await freed
  await Promise.all([first, second])
  await worker.event('started', 'second')
  const names = worker.events.filter(({ event }) => event === 'started').map(({ name }) => name)
  assert.deepEqual(names, ['busy', 'first', 'second'])
})

test('maxConcurrency of the worker holds for all its callers together', async () => {
  await using pool = openCallPool()
  const worker = await pool.start({ maxConcurrency: 1 })
  const [one, two] = [pool.client(), pool.client()]
  for (const client of [one, two]) client.update([worker])
  const controller = new AbortController()
  const busy = assert.rejects(call(one, 'hang', 'busy', { signal: controller.signal }), coded('EKB_ERR_ABORTED'))
  await worker.event('started', 'busy')
  await assert.rejects(call(two, 'mark', 'late', { timeoutMs: 50 }), coded('EKB_ERR_TIMEOUT'))
  const inTurn = call(two, 'mark', 'in turn')
  controller.abort()
  await Promise.all([busy, inTurn])
  await worker.event('started', 'in turn')
  const names = worker.events.filter(({ event }) => event === 'started').map(({ name }) => name)
  assert.deepEqual(names, ['busy', 'in turn'])
})

test('calls are spread over the workers', async () => {
  await using pool = openCallPool()
  const client = pool.client({ maxConcurrency: 4 })
  const workers = [await pool.start(), await pool.start(), await pool.start()]
  client.update(workers)
  const slots = await Promise.all(Array.from({ length: 12 }, () => call(client, 'brief', { ms: 300 })))
  for (const { slot } of workers) assert.equal(slots.filter((one) => one === slot).length, 4)
})
