import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CallContext, defineService } from '@ekiben/core'
import { createMount, type Mount, type MountOptions } from '@ekiben/core/adapter'
import { silentLog } from '../helpers/silent-log.js'

/** What happened in the service. */
const happened: string[] = []

const Desk = defineService(
  class Desk {
    count({ n, by }: { n: number; by: number }) {
      return { n: n + by }
    }

    async *ticks({ to }: { to: number }) {
      try {
        for (let n = 1; n <= to; n++) yield { n }
      } finally {
        happened.push('ended')
      }
    }

    reset(_input: unknown, { response }: CallContext) {
      response.statusCode = 205
      return 'gone'
    }

    wait(_input: unknown, { signal }: CallContext) {
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }

    whoAmI(_input: unknown, { requestId, remoteAddress, headers }: CallContext) {
      return { requestId, remoteAddress, agent: headers?.['user-agent'] }
    }
  },
  {
    name: 'Desk',
    apis: {
      count: {
        input: {
          type: 'object',
          properties: { n: { type: 'integer' }, by: { type: 'integer', default: 1 } },
          required: ['n'],
        },
        bodyLimit: 100,
      },
      ticks: {},
      reset: {},
      wait: {},
      whoAmI: {},
    },
  },
)

const Till = defineService(
  class Till {
    count() {
      return 'coins'
    }
  },
  { name: 'Till', apis: { count: { route: '/coins' } } },
)

async function mounted(options: MountOptions = {}): Promise<Mount & AsyncDisposable> {
  const mount: Mount = createMount([Desk, Till], { log: silentLog, ...options })
  await mount.ready()
  return Object.assign(mount, { [Symbol.asyncDispose]: () => mount.close() })
}

function json(path: string, body: unknown, init: RequestInit = {}): Request {
  const headers = { 'content-type': 'application/json', ...(init.headers as Record<string, string>) }
  return new Request(`http://app${path}`, { method: 'POST', ...init, headers, body: JSON.stringify(body) })
}

async function codeOf(response: Response): Promise<readonly [number, string]> {
  return [response.status, ((await response.json()) as { code: string }).code]
}

/** Ready when it says so. */
class Moody {
  static isReady = false
  isReady() {
    return Moody.isReady
  }
}
const Mood = defineService(Moody, { name: 'Mood', apis: {} })
const MoodyCaller = defineService(
  class MoodyCaller {
    declare mood: object
  },
  { name: 'MoodyCaller', dependencies: { mood: Mood }, apis: {} },
)

describe('the probes of a mount without a supervisor', () => {
  const readyz = async (mount: Mount) => (await mount.fetch(new Request('http://app/readyz'))).status

  for (const service of [Mood, MoodyCaller]) {
    it(`ask ${service.name}, and what runs with it here`, async () => {
      const mount = createMount(service, { log: silentLog, system: 'probes', scope: {} })
      await mount.ready()
      for (const isReady of [false, true, false, true]) {
        Moody.isReady = isReady
        assert.equal(await readyz(mount), isReady ? 200 : 503)
      }
      await mount.close()
      assert.equal(await readyz(mount), 503)
    })
  }

  for (const dependencies of ['inline', 'pools'] as const) {
    it(`say that it is not ready once a drain has begun, with dependencies ${dependencies}`, async () => {
      const mount = createMount(Till, { log: silentLog, system: 'probes', scope: {}, dependencies })
      try {
        await mount.ready()
        assert.equal(await readyz(mount), 200)
        mount.beginDrain()
        assert.equal(await readyz(mount), 503)
      } finally {
        await mount.close()
      }
    })
  }

  it("answer with the client's own id", async () => {
    await using mount = await mounted({ system: 'all' })
    for (const path of ['/livez', '/schema.json']) {
      const response = await mount.fetch(new Request(`http://app${path}`, { headers: { 'x-request-id': 'mine' } }))
      assert.equal(response.headers.get('x-request-id'), 'mine', path)
    }
  })
})

describe('Mount.fetch', () => {
  it('answers under the prefix, and what is no route with what was meant and the id of the client', async () => {
    await using mount = await mounted({ prefix: '/ml', system: 'probes' })
    assert.deepEqual(await (await mount.fetch(json('/ml/count', { n: 2 }))).json(), { n: 3 })
    const missing = await mount.fetch(json('/ml/coun', {}, { headers: { 'x-request-id': 'mine' } }))
    assert.equal(missing.headers.get('x-request-id'), 'mine')
    assert.deepEqual(await codeOf(missing), [404, 'EKB_ERR_ROUTE_NOT_FOUND'])
    assert.deepEqual(await codeOf(await mount.fetch(json('/ml/count/submit', {}))), [404, 'EKB_ERR_TASK_UNSUPPORTED'])
    const other = await mount.fetch(new Request('http://app/livez', { method: 'DELETE' }))
    assert.equal(other.headers.get('allow'), 'GET, HEAD')
    assert.deepEqual(await codeOf(other), [405, 'EKB_ERR_METHOD_NOT_ALLOWED'])
    assert.equal((await mount.fetch(new Request('http://app/livez', { method: 'HEAD' }))).status, 200)
  })

  it('stops a stream whose answer nobody reads any more', async () => {
    await using mount = await mounted()
    const response = await mount.fetch(json('/ticks', { to: Number.MAX_SAFE_INTEGER }))
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    assert.equal(new TextDecoder().decode((await reader.read()).value), '{"n":1}\n')
    await reader.cancel()
    assert.deepEqual(happened.splice(0), ['ended'])
  })

  it('refuses a body that comes as a stream when it is too long, and one that was read before', async () => {
    await using mount = await mounted()
    const pieces = Array.from({ length: 3 }, () => new Uint8Array(60).fill(32))
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: ReadableStream.from(pieces),
      duplex: 'half',
    }
    const long = await mount.fetch(new Request('http://app/count', init as RequestInit))
    assert.deepEqual(await codeOf(long), [413, 'EKB_ERR_BODY_TOO_LARGE'])
    const read = json('/count', { n: 1 })
    await read.text()
    assert.deepEqual(await codeOf(await mount.fetch(read)), [500, 'EKB_ERR_BODY_CONSUMED'])
    const held = json('/count', { n: 1 })
    held.body?.getReader()
    assert.deepEqual(await codeOf(await mount.fetch(held)), [500, 'EKB_ERR_BODY_CONSUMED'])
  })

  it('answers without a body where the status has none, and cancels for whom has left', async () => {
    await using mount = await mounted()
    const reset = await mount.fetch(json('/reset', {}))
    assert.deepEqual([reset.status, await reset.text()], [205, ''])
    const leaving = new AbortController()
    const waiting = mount.fetch(json('/wait', {}, { signal: leaving.signal }))
    leaving.abort()
    assert.deepEqual(await codeOf(await waiting), [499, 'EKB_ERR_ABORTED'])
  })
})

describe('Mount.call', () => {
  it('runs an api as over HTTP, with validation, and tells it who calls', async () => {
    await using mount = await mounted()
    assert.deepEqual(await mount.call('Desk.count', { n: 1 }), { n: 2 })
    assert.equal(await mount.call('Till.count'), 'coins')
    await assert.rejects(mount.call('Desk.count', { n: 'x' }), { code: 'EKB_ERR_VALIDATION', statusCode: 400 })
    const context = { requestId: 'mine', remoteAddress: '192.0.2.1', headers: { 'user-agent': 'test' } }
    const told = { requestId: 'mine', remoteAddress: '192.0.2.1', agent: 'test' }
    assert.deepEqual(await mount.call('whoAmI', {}, context), told)
  })

  it('gives the items of a stream', async () => {
    await using mount = await mounted()
    const items: unknown[] = []
    for await (const item of (await mount.call('ticks', { to: 2 })) as AsyncIterable<unknown>) items.push(item)
    assert.deepEqual(items, [{ n: 1 }, { n: 2 }])
    assert.deepEqual(happened.splice(0), ['ended'])
  })

  it('ends with its time, and with the signal of who calls', async () => {
    await using mount = await mounted()
    await assert.rejects(mount.call('wait', {}, { timeoutMs: 20 }), { code: 'EKB_ERR_TIMEOUT', statusCode: 504 })
    const leaving = new AbortController()
    const waiting = mount.call('wait', {}, { signal: leaving.signal })
    leaving.abort()
    await assert.rejects(waiting, { code: 'EKB_ERR_ABORTED' })
  })

  it('refuses a name that is none, or that of two', async () => {
    await using mount = await mounted()
    await assert.rejects(mount.call('Desk.cont'), { code: 'EKB_ERR_MOUNT_NO_API', message: /there are Desk\.count/ })
    await assert.rejects(mount.call('count'), {
      code: 'EKB_ERR_MOUNT_NO_API',
      message: "2 mounted services have an api 'count': Desk.count, Till.count",
    })
  })
})
