import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { defineService } from '../service/define-service.js'
import { createMount } from './create-mount.js'
import type { Mount, MountRequest } from './mount-types.js'
import { isParsed, type OpenRequest, openRequest } from './open-request.js'

const Echo = defineService(
  class Echo {
    say(input: unknown) {
      return { input }
    }
    told(input: { as?: string }) {
      if (input.as === 'text') return 'hey'
      if (input.as === 'number') return 3
      if (input.as === 'list') return Float32Array.of(1, 2.5)
      return undefined
    }
  },
  { name: 'Echo', apis: { say: {}, told: {} } },
)

const json = { 'content-type': 'application/json' }

async function withMount(run: (mount: Mount) => Promise<void>): Promise<void> {
  const mount = createMount(Echo, { dependencies: 'inline', scope: {}, errors: 'ekiben' })
  try {
    await run(mount)
  } finally {
    await mount.close()
  }
}

async function open(mount: Mount, request: MountRequest): Promise<OpenRequest> {
  const opened = await openRequest(mount, mount.routeOf('say'), { asValue: true, ...request })
  if ('answer' in opened) assert.fail(`answered: ${opened.answer.body}`)
  return opened
}

test('JSON that a parser has read is the input as it is, and the service gets what the host makes of it', () =>
  withMount(async (mount) => {
    const request = { headers: json, body: { a: 1 }, asValue: true }
    assert.ok(isParsed(request))
    assert.ok(isParsed({ headers: { 'content-type': 'Application/JSON; charset=utf-8' }, body: [] }))
    const opened = await open(mount, request)
    assert.equal(opened.input, request.body)
    assert.deepEqual((await opened.finish(opened.input)).value, { input: { a: 1 } })
    const transformed = await mount.answer(mount.routeOf('say'), { ...request, transform: () => ({ b: 2 }) })
    assert.deepEqual(transformed.value, { input: { b: 2 } })
  }))

test('what is only nearly so is read first: the host sees all that a service will get', () =>
  withMount(async (mount) => {
    const bodies: MountRequest[] = [
      { headers: json, stream: Readable.from([Buffer.from('{"a":1}')]) },
      { headers: json, body: Buffer.from('{"a":1}') },
      { headers: { 'content-type': 'application/own+json' }, body: '{"a":1}' },
      { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: { a: '1' } },
    ]
    for (const request of bodies) {
      assert.equal(isParsed(request), false)
      const { input, finish } = await open(mount, request)
      assert.equal(String((input as { a: unknown }).a), '1', JSON.stringify(request.headers))
      assert.deepEqual((await finish({ c: 3 })).value, { input: { c: 3 } })
    }
  }))

test('a body that cannot be read is answered without a call', () =>
  withMount(async (mount) => {
    const request = { headers: json, stream: Readable.from([Buffer.from('{"a":')]) }
    const opened = await openRequest(mount, mount.routeOf('say'), request)
    assert.ok('answer' in opened)
    assert.equal(opened.answer.statusCode, 400)
  }))

test('text and JSON are left to a host that makes them, with the type to say of them', () =>
  withMount(async (mount) => {
    const types = { text: 'text/plain; charset=utf-8', number: 'application/json; charset=utf-8' }
    const values = { text: 'hey', number: 3, list: [1, 2.5], nothing: null }
    for (const [as, value] of Object.entries(values)) {
      const answer = await mount.answer(mount.routeOf('told'), { headers: json, body: { as }, asValue: true })
      assert.deepEqual(answer.value, value, as)
      assert.equal(answer.type, types[as as 'text'] ?? types.number, as)
      assert.equal(answer.body, undefined, as)
      assert.deepEqual(
        answer.headers.map(([name]) => name),
        ['x-request-id'],
      )
    }
    const { body, type } = await mount.answer(mount.routeOf('told'), { headers: json, body: { as: 'text' } })
    assert.deepEqual({ body, type }, { body: 'hey', type: undefined })
  }))
