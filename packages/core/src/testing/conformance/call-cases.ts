import assert from 'node:assert/strict'
import type { ConformanceCase } from './tested-host.js'

/** Deadlines are told by the wall clock, to the millisecond. */
const CLOCK_MS = 1_000
const SHORT_MS = 200

export const CALL_CASES: readonly ConformanceCase[] = [
  {
    name: 'calls an api, and through it another service',
    run: async (host) => {
      const response = await host.post('/count', { text: 'one two three', times: 2 })
      assert.equal(response.status, 200)
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
      if (host.traits.poweredBy !== true) assert.equal(response.headers.get('x-powered-by'), null)
      assert.deepEqual(await response.json(), { words: 6 })
    },
  },
  {
    name: 'fills in what the schema has a default for',
    run: async (host) => {
      assert.deepEqual(await (await host.post('/count', { text: 'one two' })).json(), { words: 2 })
    },
  },
  {
    name: 'sends text as text, under a route of its own',
    run: async (host) => {
      const response = await host.post('/loud/shout', { text: 'hey' })
      assert.match(response.headers.get('content-type') ?? '', /^text\/plain/)
      assert.equal(await response.text(), 'HEY')
    },
  },
  {
    name: 'takes no body for an empty object',
    run: async (host) => {
      assert.deepEqual(await (await fetch(`${host.url}/echo`, { method: 'POST' })).json(), {})
    },
  },
  {
    name: 'takes a form',
    run: async (host) => {
      const body = new URLSearchParams({ text: 'one two', times: '3' })
      assert.deepEqual(await (await fetch(`${host.url}/count`, { method: 'POST', body })).json(), { words: 6 })
    },
  },
  {
    name: 'takes files, small ones and large ones',
    run: async (host) => {
      for (const bytes of [3, 1_000_000]) {
        const body = new FormData()
        body.append('file', new File([new Uint8Array(bytes).fill(97)], '../up.txt', { type: 'text/x-up' }))
        body.append('times', '2')
        const response = await fetch(`${host.url}/upload`, { method: 'POST', body })
        assert.deepEqual(await response.json(), { name: 'up.txt', type: 'text/x-up', bytes, start: 'aaaaaa' })
      }
    },
  },
  {
    name: 'sends a file with its type and name',
    run: async (host) => {
      const response = await host.post('/picture')
      assert.equal(response.headers.get('content-type'), 'image/png')
      assert.match(response.headers.get('content-disposition') ?? '', /filename="a\.png"/)
      assert.equal(await response.text(), 'png!')
    },
  },
  {
    name: 'gives an api its context, and lets it set status, headers and cookies',
    run: async (host) => {
      const headers = { 'user-agent': 'conformance', 'x-request-id': 'mine-1' }
      const response = await host.post('/context', {}, { headers })
      assert.equal(response.status, 201)
      assert.equal(response.headers.get('x-own'), 'yes')
      assert.equal(response.headers.get('x-request-id'), 'mine-1')
      assert.deepEqual(
        response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]),
        ['seen=once', 'and=twice'],
      )
      assert.deepEqual(await response.json(), { requestId: 'mine-1', service: 'Texts', slot: 0, agent: 'conformance' })
    },
  },
  {
    name: 'makes a request id of its own where the client has none that will do',
    run: async (host) => {
      for (const headers of [{}, { 'x-request-id': 'no good' }, { 'x-request-id': 'a'.repeat(129) }]) {
        const response = await host.post('/echo', {}, { headers })
        assert.match(response.headers.get('x-request-id') ?? '', /^[\w.:-]{1,128}$/)
        assert.notEqual(response.headers.get('x-request-id'), 'no good')
      }
    },
  },
  {
    name: 'hands the request id on to the services below',
    run: async (host) => {
      const response = await host.post('/wait', { ms: 1 }, { headers: { 'x-request-id': 'through' } })
      assert.deepEqual(await response.json(), { requestId: 'through' })
    },
  },
  {
    name: 'hands the trace context on to the services below',
    run: async (host) => {
      const trace = '0af7651916cd43dd8448eb211c80319c'
      const headers = { traceparent: `00-${trace}-b7ad6b7169203331-01` }
      const told = (await (await host.post('/told', {}, { headers })).json()) as Told[]
      assert.equal(told.length, 2)
      // A host may put a span of its own in between.
      for (const { traceparent } of told) assert.match(traceparent ?? '', new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`))
    },
  },
  {
    name: 'gives a call, and the work below, as long as its client waits',
    run: async (host) => {
      const [before, waitsMs] = [Date.now(), 20_000]
      const headers = { 'ekiben-timeout-ms': String(waitsMs) }
      const told = (await (await host.post('/told', {}, { headers })).json()) as Told[]
      assert.equal(told.length, 2)
      const latest = Date.now() + waitsMs + CLOCK_MS
      for (const { deadline = 0 } of told) {
        assert.ok(deadline > before && deadline < latest, `${deadline} is not between ${before} and ${latest}`)
      }
    },
  },
  {
    name: 'ends a call, and the work below, when the time is up that its client waits',
    run: async (host) => {
      for (let tries = 1, began = false; !began; tries++) {
        // On a busy machine it may not even begin in a short time.
        const id = `hurried-${tries}`
        const headers = { 'x-request-id': id, 'ekiben-timeout-ms': String(tries * SHORT_MS) }
        const response = await host.post('/wait', { ms: 60_000 }, { headers })
        assert.equal(response.status, 504)
        await host.refusal(response, 'EKB_ERR_TIMEOUT')
        began = (await host.events()).includes(`began ${id}`)
        if (began) await host.happened(`cancelled ${id}`)
      }
    },
  },
  {
    name: 'lets a client that leaves cancel the work below',
    run: async (host) => {
      const controller = new AbortController()
      const headers = { 'x-request-id': 'leaver' }
      const request = host.post('/wait', { ms: 60_000 }, { signal: controller.signal, headers })
      const cancelled = assert.rejects(request)
      await host.happened('began leaver')
      controller.abort()
      await cancelled
      await host.happened('cancelled leaver')
    },
  },
  {
    name: 'answers many requests at once, each with its own',
    run: async (host) => {
      const texts = Array.from({ length: 50 }, (_, at) => 'a '.repeat(at + 1))
      const answers = await Promise.all(texts.map(async (text) => (await host.post('/count', { text })).json()))
      assert.deepEqual(
        answers,
        texts.map((_, at) => ({ words: at + 1 })),
      )
    },
  },
  {
    name: 'says that it lives and is ready',
    run: async (host) => {
      if (host.traits.noSystemRoutes === true) return
      const headers = { 'x-request-id': 'probe-1' }
      for (const path of ['/livez', '/readyz', '/healthz']) {
        const response = await fetch(host.url + path, { headers })
        assert.equal(response.status, 200, path)
        assert.equal(response.headers.get('x-request-id'), 'probe-1', path)
      }
    },
  },
  {
    name: 'describes its apis',
    run: async (host) => {
      if (host.traits.noSystemRoutes === true) return
      const schema = (await (await fetch(`${host.url}/schema.json`)).json()) as Description
      assert.equal(schema.name, 'Texts')
      const count = schema.routes.find((route) => route.name === 'count')
      assert.deepEqual(Object.keys(count?.input.properties ?? {}), ['text', 'times'])
      assert.equal(schema.routes.find((route) => route.name === 'shout')?.route, '/loud/shout')
    },
  },
]

interface Description {
  readonly name: string
  readonly routes: readonly { name: string; route: string; input: { properties?: object } }[]
}

/** What an api was told of the client. */
interface Told {
  readonly traceparent?: string
  readonly deadline?: number
}
