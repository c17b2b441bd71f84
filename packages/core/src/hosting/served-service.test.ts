import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { SpoolFolder } from '../http/spool-folder.js'
import { CountTable } from '../metrics/count-table.js'
import { defineService } from '../service/define-service.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { createMount } from './create-mount.js'
import { lineLogger } from './line-logger.js'
import { mountedApis } from './mount-routes.js'
import { ServedService } from './served-service.js'

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

test('a client that leaves in the middle of a stream is counted once, as one that left', async () => {
  const Endless = defineService(
    class Endless {
      text() {}
    },
    { apis: { text: {} } },
  )
  const definition = definitionOf(Endless) as ServiceDefinition
  const counts = new CountTable()
  const source = new Readable({
    read() {
      setImmediate(() => this.push('more'))
    },
  })
  const served = new ServedService({
    definition,
    counts,
    handler: () => source,
    spool: new SpoolFolder(),
    errors: 'host',
    gate: undefined,
    log: lineLogger(console),
  })
  const route = mountedApis([definition], '')[0]?.api as Parameters<typeof served.answer>[0]
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
