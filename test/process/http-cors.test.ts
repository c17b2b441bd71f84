import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { CorsPolicy } from '../../packages/core/build/http/cors.js'
import type { Mount } from '../../packages/core/build/http/mount-table.js'
import type { CallContext } from '../../packages/core/build/service/call-context.js'
import { defineService } from '../../packages/core/build/service/define-service.js'
import { startHost } from '../helpers/http-host.js'
import { failFixture, serveFixture } from '../helpers/serve-fixture.js'

const APP = 'https://app.example'
const CORS: CorsPolicy = {
  origins: [APP],
  methods: ['GET', 'HEAD', 'POST'],
  headers: undefined,
  exposedHeaders: ['x-request-id'],
  credentials: true,
  maxAge: 600,
}

let calls = 0
const Api = defineService(
  class Api {
    call() {
      calls++
      return { calls }
    }
    varied(_: unknown, { response }: CallContext) {
      response.setHeader('vary', 'accept')
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      return 'varied'
    }
  },
  { apis: { call: {}, varied: {} } },
)

const ask = (url: string, method: string, headers: Record<string, string>) =>
  fetch(url, { method, headers, ...(method === 'POST' && { body: '{}' }) })
const json = { 'content-type': 'application/json' }
const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,x-own' }

describe('a host with CORS', () => {
  it('answers a preflight without a call', async () => {
    await using host = await startHost(Api, { cors: CORS })
    const before = calls
    const answer = await ask(`${host.url}/call`, 'OPTIONS', { origin: APP, ...preflight })
    assert.equal(answer.status, 204)
    assert.equal(answer.headers.get('access-control-allow-origin'), APP)
    assert.equal(answer.headers.get('access-control-allow-credentials'), 'true')
    assert.equal(answer.headers.get('access-control-allow-methods'), 'GET, HEAD, POST')
    assert.equal(answer.headers.get('access-control-allow-headers'), 'content-type,x-own')
    assert.equal(answer.headers.get('access-control-max-age'), '600')
    assert.equal(answer.headers.get('vary'), 'origin')
    assert.ok(answer.headers.get('x-request-id'))
    assert.equal(calls, before)
  })

  it('lets pages of its origins read every answer, errors too, and others none', async () => {
    await using host = await startHost(Api, { cors: CORS })
    for (const [method, path, status] of [
      ['POST', '/call', 200],
      ['GET', '/readyz', 200],
      ['GET', '/schema.json', 200],
      ['GET', '/call', 405],
      ['POST', '/nowhere', 404],
    ] as const) {
      const own = await ask(`${host.url}${path}`, method, { origin: APP, ...json })
      const allowed = own.headers.get('access-control-allow-origin')
      assert.deepEqual([own.status, allowed, own.headers.get('vary')], [status, APP, 'origin'], path)
      for (const origin of ['https://evil.example', undefined]) {
        const headers = { ...json, ...(origin !== undefined && { origin }) }
        const other = await ask(`${host.url}${path}`, method, headers)
        assert.equal(other.status, status)
        assert.equal(other.headers.get('access-control-allow-origin'), null)
        // What one got from a cache must not be another's.
        assert.equal(other.headers.get('vary'), 'origin')
      }
    }
  })

  it('takes a preflight of another origin for any other OPTIONS', async () => {
    await using host = await startHost(Api, { cors: CORS })
    const answer = await ask(`${host.url}/call`, 'OPTIONS', { origin: 'https://evil.example', ...preflight })
    assert.equal(answer.status, 405)
    assert.equal(answer.headers.get('access-control-allow-origin'), null)
    assert.equal(answer.headers.get('access-control-allow-methods'), null)
  })

  it("adds to an api's own vary", async () => {
    await using host = await startHost(Api, { cors: CORS })
    const answer = await ask(`${host.url}/varied`, 'POST', { origin: APP, ...json })
    assert.deepEqual(answer.headers.get('vary')?.split(', ').sort(), ['accept', 'origin'])
    assert.deepEqual(answer.headers.getSetCookie(), ['a=1', 'b=2'])
  })

  it('lets pages read what a mounted handler answers, and what is answered in its stead', async () => {
    const handler: Mount['handler'] = (request, response, next) => (request.url === '/' ? response.end('own') : next())
    await using host = await startHost(Api, { cors: CORS, mounts: [{ path: '/ui', handler }] })
    for (const [path, status] of [
      ['/ui', 200],
      ['/ui/nothing', 404],
    ] as const) {
      const answer = await ask(host.url + path, 'GET', { origin: APP })
      assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin')], [status, APP])
    }
  })

  it('is none unless it is set up', async () => {
    await using host = await startHost(Api)
    const answer = await ask(`${host.url}/call`, 'POST', { origin: APP, ...json })
    const names = [...answer.headers.keys()].filter((name) => name.startsWith('access-control') || name === 'vary')
    assert.deepEqual(names, [])
    assert.equal((await ask(`${host.url}/call`, 'OPTIONS', { origin: APP, ...preflight })).status, 405)
  })
})

describe('the setting cors', () => {
  it('reaches the workers from the configuration file and from --set', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ekb-cors-'))
    try {
      const config = join(folder, 'my.json')
      await writeFile(config, JSON.stringify({ cors: { origins: [`${APP}:443`], maxAge: 60 } }))
      await using server = await serveFixture('chain:Front', ['--config', config, '--set', 'cors.credentials=true'])
      const answer = await ask(`${server.url}/alone`, 'OPTIONS', { origin: APP, ...preflight })
      assert.equal(answer.status, 204)
      assert.equal(answer.headers.get('access-control-allow-origin'), APP)
      assert.equal(answer.headers.get('access-control-allow-credentials'), 'true')
      assert.equal(answer.headers.get('access-control-max-age'), '60')
      assert.equal(await server.stop(), 0)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  for (const [flags, message] of [
    [['cors.origins=*', 'cors.credentials=true'], /cors\.credentials.*origins have to be named/],
    [['cors.credentials=true'], /cors\.origins/],
    [['cors.origins=https://app.example/path'], /cors\.origins.*without a path/],
    [['cors.orgins=*'], /cors\.orgins.*[\s\S]*cors\.origins/],
  ] as const) {
    it(`is refused as ${flags.join(' with ')}`, async () => {
      const { code, stderr } = await failFixture(
        'chain:Front',
        flags.flatMap((flag) => ['--set', flag]),
      )
      assert.equal(code, 2, stderr)
      assert.match(stderr, message)
    })
  }
})
