import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { SpoolFolder } from '../http/spool-folder.js'
import { CountTable } from '../metrics/count-table.js'
import { ApiStream } from '../runner/api-stream.js'
import type { CallContext } from '../service/call-context.js'
import { defineService } from '../service/define-service.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceClass, ServiceDefinition } from '../service/service-definition.js'
import { deferred } from '../util/deferred.js'
import { createMount } from './create-mount.js'
import { lineLogger } from './line-logger.js'
import { mountedApis } from './mount-routes.js'
import { ServedService, type ServedServiceOptions } from './served-service.js'

test('a stream that is there only after its client has left is closed, and the call answered at once', async () => {
  const source = Readable.from(['a', 'b'])
  let give: (stream: Readable) => void = () => {}
  const Late = defineService(
    class Late {
      text() {
        return new Promise<Readable>((resolve) => {
          give = resolve
        })
      }
    },
    { apis: { text: {} } },
  )
  const mount = createMount(Late, { dependencies: 'inline', scope: {} })
  try {
    await mount.ready()
    const leaving = new AbortController()
    const request = { headers: { 'content-type': 'application/json' }, body: {}, signal: leaving.signal }
    const answered = mount.answer(mount.routeOf('text'), request)
    leaving.abort()
    await assert.rejects(answered, { code: 'EKB_ERR_ABORTED' })
    const closed = once(source, 'close')
    give(source)
    await closed
  } finally {
    await mount.close()
  }
})

test('a request whose client has left before its turn begins no call', async () => {
  let calls = 0
  const Counting = defineService(
    class Counting {
      count() {
        return ++calls
      }
    },
    { apis: { count: {} } },
  )
  const mount = createMount(Counting, { dependencies: 'inline', scope: {} })
  try {
    await mount.ready()
    const request = { headers: { 'content-type': 'application/json' }, body: {} }
    await assert.rejects(mount.answer(mount.routeOf('count'), { ...request, signal: AbortSignal.abort() }), {
      code: 'EKB_ERR_ABORTED',
    })
    assert.equal(calls, 0)
    assert.equal((await mount.answer(mount.routeOf('count'), request)).body, '1')
  } finally {
    await mount.close()
  }
})

test('a call that may take longer than a timer can is not cut', async () => {
  const Slow = defineService(
    class Slow {
      wait() {
        return new Promise((resolve) => setTimeout(resolve, 50, 'in time'))
      }
    },
    { apis: { wait: {} } },
  )
  const mount = createMount(Slow, { dependencies: 'inline', scope: {} })
  try {
    for (const timeoutMs of [2 ** 31, Infinity]) {
      assert.equal(await mount.call('wait', undefined, { timeoutMs }), 'in time')
    }
  } finally {
    await mount.close()
  }
})

test('a client that leaves in the middle of a stream is counted once, as one that left', async () => {
  const Endless = defineService(
    class Endless {
      text() {}
    },
    { apis: { text: {} } },
  )
  const counts = new CountTable()
  const source = new Readable({
    read() {
      setImmediate(() => this.push('more'))
    },
  })
  const { served, route } = serve(Endless, { counts, handler: () => source })
  const leaving = new AbortController()
  const request = { headers: { 'content-type': 'application/json' }, body: {}, signal: leaving.signal }
  const { body } = await served.answer(route, request)
  assert.ok(body instanceof Readable)
  await once(body, 'readable')
  leaving.abort()
  body.destroy()
  await once(body, 'close')
  assert.deepEqual(
    counts.take().map(([api, status, count]) => [api, status, count]),
    [['text', 499, 1]],
  )
})

/** What happened in the generators of `Streams`. */
const happened: string[] = []

const Streams = defineService(
  class Streams {
    async *deadlines(_input: unknown, ctx: CallContext) {
      for (;;) yield ctx.deadline
    }
    async *untilLeft(_input: unknown, { signal }: CallContext) {
      try {
        yield 'first'
        await once(signal, 'abort')
      } finally {
        happened.push('ended')
      }
    }
    one() {
      happened.push('one')
      return 1
    }
  },
  { apis: { deadlines: {}, untilLeft: {}, one: {} }, traffic: { maxConcurrency: 1 } },
)

const calledStreams = () => createMount(Streams, { dependencies: 'inline', scope: {} })

test('a stream that is called here has its time for the first item alone', async () => {
  const mount = calledStreams()
  try {
    const items = (await mount.call('deadlines', {}, { timeoutMs: 60_000 })) as AsyncIterator<unknown>
    assert.equal(typeof (await items.next()).value, 'number')
    assert.deepEqual(await items.next(), { done: false, value: undefined })
    await items.return?.()
    // Its place is free again.
    assert.equal(await mount.call('one'), 1)
    assert.deepEqual(happened.splice(0), ['one'])
  } finally {
    await mount.close()
  }
})

test('a stream that is called here ends with the signal of its caller, and without its first item with its time', async () => {
  const { served, route } = serve(Streams, { handler: (_api, input) => new ApiStream(deafItems(input as boolean)) })
  const late = (await served.call(route, false, { timeoutMs: 10 })) as AsyncIterator<unknown>
  await assert.rejects(late.next(), { code: 'EKB_ERR_TIMEOUT', statusCode: 504 })
  const leaving = new AbortController()
  const left = (await served.call(route, true, { signal: leaving.signal })) as AsyncIterator<unknown>
  assert.equal((await left.next()).value, 'first')
  const next = left.next()
  leaving.abort()
  await assert.rejects(next, { code: 'EKB_ERR_ABORTED' })
  await assert.rejects(left.next(), { code: 'EKB_ERR_ABORTED' })
})

test('a generator that is called here is stopped when its caller leaves', async () => {
  const mount = calledStreams()
  try {
    const leaving = new AbortController()
    const items = (await mount.call('untilLeft', {}, { signal: leaving.signal })) as AsyncIterator<unknown>
    assert.equal((await items.next()).value, 'first')
    const next = items.next()
    leaving.abort()
    await assert.rejects(next, { code: 'EKB_ERR_ABORTED' })
    assert.equal(await mount.call('one'), 1)
    assert.deepEqual(happened.splice(0), ['ended', 'one'])
  } finally {
    await mount.close()
  }
})

test('a call whose signal has aborted before begins nothing, and takes no place', async () => {
  const mount = calledStreams()
  try {
    const signal = AbortSignal.abort()
    for (const api of ['one', 'untilLeft']) {
      await assert.rejects(mount.call(api, {}, { signal }), { code: 'EKB_ERR_ABORTED' })
    }
    assert.equal(await mount.call('one'), 1)
    assert.deepEqual(happened.splice(0), ['one'])
  } finally {
    await mount.close()
  }
})

test('a stream that is there only after its caller here has left is closed', async () => {
  const opening = deferred<ApiStream>()
  const { served, route } = serve(Streams, { handler: () => opening.promise })
  const leaving = new AbortController()
  const called = served.call(route, {}, { signal: leaving.signal })
  leaving.abort()
  await assert.rejects(called, { code: 'EKB_ERR_ABORTED' })
  const ended = deferred()
  opening.resolve(new ApiStream({ ...deafItems(true), onEnd: ended.resolve }))
  await ended.promise
})

/** One item or none, and then nothing. */
function deafItems(hasFirst: boolean): ConstructorParameters<typeof ApiStream>[0] {
  async function* items() {
    if (hasFirst) yield 'first'
    await new Promise(() => {})
  }
  return { items: items(), check: undefined, inCall: (step) => step(), onEnd: () => {} }
}

/** The first api of a service, by a handler of the test's own. */
function serve(service: ServiceClass, options: Pick<ServedServiceOptions, 'handler'> & Partial<ServedServiceOptions>) {
  const definition = definitionOf(service) as ServiceDefinition
  const isLeaving = () => false
  const defaults = { counts: undefined, spool: new SpoolFolder(), errors: 'host', gate: undefined, isLeaving } as const
  const served = new ServedService({ definition, log: lineLogger(console), ...defaults, ...options })
  return { served, route: mountedApis([definition], '')[0]?.api as Parameters<typeof served.answer>[0] }
}
