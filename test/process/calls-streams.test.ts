import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isServiceError } from '../../packages/core/build/errors/service-error.js'
import { type Counted, call, openCallPool, stream } from '../helpers/call-pool.js'

const coded = (code: string) => (error: unknown) => {
  assert.ok(isServiceError(error, code), `${code} was expected: ${String(error)}`)
  return true
}

async function all(items: AsyncIterable<Counted>): Promise<number[]> {
  const taken: number[] = []
  for await (const { n } of items) taken.push(n)
  return taken
}

const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1)

test('streams and calls share a connection, and none waits for another that is not read', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  client.update([await pool.start()])
  const unread = stream(client, { to: 100_000 })
  await unread.next()
  const read = await Promise.all(upTo(8).map((to) => all(stream(client, { to: to * 100 }))))
  assert.deepEqual(
    read.map(({ length }) => length),
    upTo(8).map((to) => to * 100),
  )
  assert.equal(await call(client, 'whoami'), 0)
  assert.equal((await unread.next()).value.n, 2)
  await unread.return?.()
})

test('one that is left early ends at its worker, which takes calls as before', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  const worker = await pool.start()
  client.update([worker])
  for await (const { n } of stream(client, { name: 'left', to: 100_000 })) if (n === 500) break
  await worker.event('ended', 'left')
  assert.equal(await call(client, 'whoami'), 0)
})

test('it takes a place of its worker until its end', async () => {
  await using pool = openCallPool()
  const client = pool.client({ maxConcurrency: 1 })
  const worker = await pool.start({ maxConcurrency: 1 })
  client.update([worker])
  const items = stream(client, { name: 'first', to: 2, holdAt: 2 })
  await items.next()
  const waiting = [call(client, 'mark', 'a call'), stream(client, { name: 'second', to: 1 }).next()]
  await items.return?.()
  await Promise.all(waiting)
  // What a worker says comes another way than what it answers.
  await worker.event('started', 'second')
  const said = worker.events.map(({ event, name }) => `${event} ${String(name)}`).slice(1, 5)
  assert.deepEqual(said, ['started first', 'ended first', 'started a call', 'started second'])
})

test('lost before its first item it is begun again elsewhere if it may be; lost later it fails', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  const [one, two] = [await pool.start(), await pool.start()]
  client.update([one])
  const before = all(stream(client, { name: 'before', to: 3, holdAt: 1 }, { idempotent: true }))
  const after = stream(client, { name: 'after', to: 3, holdAt: 2 }, { idempotent: true })
  const once = all(stream(client, { name: 'once', to: 3, holdAt: 1 }))
  const outcomes = Promise.allSettled([once])
  assert.equal((await after.next()).value.n, 1)
  for (const name of ['before', 'after', 'once']) await one.event('started', name)
  client.update([one, two])
  const rest = after.next()
  const lost = assert.rejects(rest, coded('EKB_ERR_WORKER_LOST'))
  one.signal('SIGKILL')
  await lost
  assert.equal((await after.next()).done, true)
  const [outcome] = await outcomes
  coded('EKB_ERR_WORKER_LOST')(outcome?.status === 'rejected' ? outcome.reason : undefined)
  await two.event('started', 'before')
  client.close()
  await assert.rejects(before, coded('EKB_ERR_WORKER_LOST'))
})

test('what has come is read before the loss is told', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  const worker = await pool.start()
  client.update([worker])
  const items = stream(client, { name: 'some', to: 20, holdAt: 11 })
  assert.equal((await items.next()).value.n, 1)
  // A call on the same connection comes after the items before it.
  await call(client, 'whoami')
  worker.signal('SIGKILL')
  await worker.exited
  const taken: number[] = []
  const reading = (async () => {
    for await (const { n } of items) taken.push(n)
  })()
  await assert.rejects(reading, coded('EKB_ERR_WORKER_LOST'))
  assert.deepEqual(taken, upTo(10).slice(1))
})

test('a worker that drains gives its streams to the end, and takes no new ones', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  const [old, young] = [await pool.start(), await pool.start()]
  client.update([old])
  const items = stream(client, { name: 'long', to: 3_000 })
  assert.equal((await items.next()).value.slot, old.slot)
  old.drain()
  client.update([young])
  assert.equal((await stream(client, { to: 1 }).next()).value.slot, young.slot)
  assert.equal((await all(items)).length, 2_999)
  const [code] = (await old.exited) as [number]
  assert.equal(code, 0)
})

test('time and abort count until the first item, abort later too', async () => {
  await using pool = openCallPool()
  const client = pool.client()
  const worker = await pool.start()
  client.update([worker])
  // Its time is for the call alone, not for the connection too.
  await call(client, 'whoami')
  const timeoutMs = 1_500
  const own = new AbortController()
  const items = stream(client, { name: 'held', to: 2, holdAt: 2 }, { signal: own.signal, timeoutMs })
  await items.next()
  const next = items.next()
  // Its time, which began earlier, is over as well then, and it goes on.
  await assert.rejects(all(stream(client, { name: 'late', to: 1, holdAt: 1 }, { timeoutMs })), coded('EKB_ERR_TIMEOUT'))
  await worker.event('ended', 'late')
  own.abort()
  await assert.rejects(next, coded('EKB_ERR_ABORTED'))
  await worker.event('ended', 'held')
  await assert.rejects(stream(client, { to: 1 }, { signal: own.signal }).next(), coded('EKB_ERR_ABORTED'))
})
