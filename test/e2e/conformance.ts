import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { waitUntil } from '../helpers/wait-until.js'

/** A host that serves `Texts` of test/fixtures/services/conformance.mjs. */
export interface HostUnderTest {
  readonly url: string
  /** Graceful; resolves when the host is gone. */
  stop(): Promise<void>
}

/** In what a host may differ from the built-in one. */
export interface HostTraits {
  /** Errors get the host's own bodies: with the same status. */
  readonly ownErrors?: boolean
  /** What the host's own parsers say of a body that is no JSON, and of one that is too large for the api. */
  readonly ownParsers?: boolean
  /** The host's own 404 answers another method. */
  readonly noMethodNotAllowed?: boolean
  /** Says on every answer who made it. */
  readonly poweredBy?: boolean
}

interface ErrorBody {
  readonly error: string
  readonly code: string
  readonly statusCode: number
  readonly detail?: unknown
  readonly requestId: string
}

/** What every host of services does alike, however it is started. */
export function hostConformance(
  name: string,
  start: () => Promise<HostUnderTest>,
  { ownErrors = false, ownParsers = false, noMethodNotAllowed = false, poweredBy = false }: HostTraits = {},
): void {
  describe(`host: ${name}`, () => {
    let host: HostUnderTest
    before(async () => {
      host = await start()
    })
    after(() => host.stop())

    const post = (path: string, body: unknown = {}, { headers, ...init }: RequestInit = {}): Promise<Response> =>
      fetch(host.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
        body: JSON.stringify(body),
        ...init,
      })
    /** Checks an error's body, where it is ours. */
    const refusal = async (response: Response, code: string): Promise<ErrorBody | undefined> => {
      assert.match(response.headers.get('x-request-id') ?? 'none', ownErrors ? /./ : /^[\w.:-]{1,128}$/)
      const text = await response.text()
      if (ownErrors) return undefined
      const body = JSON.parse(text) as ErrorBody
      assert.equal(body.statusCode, response.status)
      assert.equal(body.requestId, response.headers.get('x-request-id'))
      assert.equal(body.code, code)
      return body
    }

    it('calls an api, and through it another service', async () => {
      const response = await post('/count', { text: 'one two three', times: 2 })
      assert.equal(response.status, 200)
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
      if (!poweredBy) assert.equal(response.headers.get('x-powered-by'), null)
      assert.deepEqual(await response.json(), { words: 6 })
    })

    it('fills in what the schema has a default for', async () => {
      assert.deepEqual(await (await post('/count', { text: 'one two' })).json(), { words: 2 })
    })

    it('sends text as text, under a route of its own', async () => {
      const response = await post('/loud/shout', { text: 'hey' })
      assert.match(response.headers.get('content-type') ?? '', /^text\/plain/)
      assert.equal(await response.text(), 'HEY')
    })

    it('takes no body for an empty object', async () => {
      const response = await fetch(`${host.url}/echo`, { method: 'POST' })
      assert.deepEqual(await response.json(), {})
    })

    it('takes files, small ones and large ones', async () => {
      for (const bytes of [3, 1_000_000]) {
        const form = new FormData()
        form.append('file', new File([new Uint8Array(bytes).fill(97)], '../up.txt', { type: 'text/x-up' }))
        form.append('times', '2')
        const response = await fetch(`${host.url}/upload`, { method: 'POST', body: form })
        assert.deepEqual(await response.json(), { name: 'up.txt', type: 'text/x-up', bytes, start: 'aaaaaa' })
      }
    })

    it('sends a file with its type and name', async () => {
      const response = await post('/picture')
      assert.equal(response.headers.get('content-type'), 'image/png')
      assert.match(response.headers.get('content-disposition') ?? '', /filename="a\.png"/)
      assert.equal(await response.text(), 'png!')
    })

    const streamed = [
      {
        accept: 'text/event-stream',
        type: 'text/event-stream',
        text: 'id: 1\ndata: {"n":1}\n\nid: 2\ndata: {"n":2}\n\n',
      },
      { accept: 'application/x-ndjson', type: 'application/x-ndjson', text: '{"n":1}\n{"n":2}\n' },
      { accept: '*/*', type: 'application/x-ndjson', text: '{"n":1}\n{"n":2}\n' },
    ]
    for (const { accept, type, text } of streamed) {
      it(`streams items to a client that accepts ${accept}`, async () => {
        const response = await post('/ticks', { to: 2 }, { headers: { accept } })
        assert.ok(response.headers.get('content-type')?.startsWith(type))
        assert.equal(await response.text(), text)
      })
    }

    it('streams text as it is', async () => {
      const response = await post('/tokens', { words: ['a', 'b c'] })
      assert.match(response.headers.get('content-type') ?? '', /^text\/plain/)
      assert.equal(await response.text(), 'ab c')
    })

    it('lets a stream call other services', async () => {
      assert.equal(await (await post('/counts', { texts: ['a b', 'c'] })).text(), '{"words":2}\n{"words":1}\n')
    })

    it('tells a failure in a stream as its last item, and one before it with its status', async () => {
      const text = await (
        await post('/ticks', { to: 1, fails: true }, { headers: { accept: 'text/event-stream' } })
      ).text()
      assert.match(text, /^id: 1\ndata: \{"n":1\}\n\nevent: error\ndata: \{"error":"No more ticks","code":"TICKS_OUT"/)
      assert.equal((await post('/ticks', { to: 0, fails: true })).status, 409)
    })

    it('gives an api its context, and lets it set status and headers', async () => {
      const response = await post(
        '/context',
        {},
        { headers: { 'user-agent': 'conformance', 'x-request-id': 'mine-1' } },
      )
      assert.equal(response.status, 201)
      assert.equal(response.headers.get('x-own'), 'yes')
      assert.equal(response.headers.get('x-request-id'), 'mine-1')
      assert.deepEqual(await response.json(), { requestId: 'mine-1', service: 'Texts', slot: 0, agent: 'conformance' })
    })

    it('makes a request id of its own where the client has none that will do', async () => {
      for (const headers of [{}, { 'x-request-id': 'no good' }, { 'x-request-id': 'a'.repeat(129) }]) {
        const response = await post('/echo', {}, { headers })
        assert.match(response.headers.get('x-request-id') ?? '', /^[\w.:-]{1,128}$/)
        assert.notEqual(response.headers.get('x-request-id'), 'no good')
      }
    })

    it('says what is wrong with an input, issue by issue', async () => {
      const response = await post('/count', { text: 5, times: 'x' })
      assert.equal(response.status, 400)
      const body = await refusal(response, 'EKB_ERR_VALIDATION')
      if (body === undefined) return
      assert.equal((body.detail as unknown[]).length, 2)
      assert.match(JSON.stringify(body.detail), /text.*times/)
    })

    it('says the same of a plain JSON Schema', async () => {
      const response = await post('/loud/shout', {})
      assert.equal(response.status, 400)
      await refusal(response, 'EKB_ERR_VALIDATION')
    })

    const refused = [
      {
        what: 'a body that is no JSON',
        path: '/count',
        init: { body: '{"text":' },
        status: 400,
        code: 'EKB_ERR_BODY_INVALID',
      },
      {
        what: 'a body of another type',
        path: '/count',
        init: { headers: { 'content-type': 'application/vnd.bentoml+pickle' } },
        status: 415,
        code: 'EKB_ERR_MEDIA_TYPE',
      },
      {
        what: 'a body that is too large',
        path: '/echo',
        init: { body: JSON.stringify({ text: 'a'.repeat(2_000) }) },
        status: 413,
        code: 'EKB_ERR_BODY_TOO_LARGE',
      },
      { what: 'a path that is not there', path: '/nothing', init: {}, status: 404, code: 'EKB_ERR_ROUTE_NOT_FOUND' },
      {
        what: 'another method',
        path: '/count',
        init: { method: 'PUT' },
        status: 405,
        code: 'EKB_ERR_METHOD_NOT_ALLOWED',
      },
      { what: 'an api that refuses', path: '/refuses', init: {}, status: 409, code: 'ORDER_TAKEN' },
      { what: 'an api that throws', path: '/throws', init: {}, status: 500, code: 'EKB_ERR_INTERNAL' },
      { what: 'an api that never answers', path: '/never', init: {}, status: 504, code: 'EKB_ERR_TIMEOUT' },
      { what: 'an answer with a cycle', path: '/cyclic', init: {}, status: 500, code: 'EKB_ERR_NOT_SERIALISABLE' },
      {
        what: 'an answer that JSON has no word for',
        path: '/big',
        init: {},
        status: 500,
        code: 'EKB_ERR_NOT_SERIALISABLE',
      },
      {
        what: 'an answer that its schema refuses',
        path: '/lies',
        init: {},
        status: 500,
        code: 'EKB_ERR_OUTPUT_INVALID',
      },
      { what: 'what a dependency refuses', path: '/below', init: {}, status: 502, code: 'EKB_ERR_DEPENDENCY_FAILED' },
      { what: "a dependency's refusal passed on", path: '/belowAsOwn', init: {}, status: 404, code: 'TEXT_UNKNOWN' },
      {
        what: 'a bad call of our own to a dependency',
        path: '/belowBad',
        init: {},
        status: 502,
        code: 'EKB_ERR_DEPENDENCY_FAILED',
      },
      {
        what: 'what cannot be sent to a dependency',
        path: '/belowUnsendable',
        init: {},
        status: 500,
        code: 'EKB_ERR_NOT_SERIALISABLE',
      },
    ] as const
    const ownHandled = new Set<string>([
      ...(ownParsers ? ['EKB_ERR_BODY_INVALID'] : []),
      ...(noMethodNotAllowed ? ['EKB_ERR_METHOD_NOT_ALLOWED', 'EKB_ERR_ROUTE_NOT_FOUND'] : []),
    ])
    for (const { what, path, init, status, code } of refused) {
      it(`answers ${what} with ${status} ${code}`, async () => {
        const response = await post(path, {}, init)
        const isHosts = ownHandled.has(code)
        assert.equal(response.status, code === 'EKB_ERR_METHOD_NOT_ALLOWED' && noMethodNotAllowed ? 404 : status)
        if (!isHosts) await refusal(response, code)
      })
    }

    it('keeps the reason of a failure to itself', async () => {
      for (const path of ['/throws', '/below', '/cyclic', '/lies']) {
        const text = await (await post(path)).text()
        assert.doesNotMatch(text, /secret|Words|stack|\.mjs|words/, path)
      }
    })

    it('says what it takes where the method is another', async (context) => {
      if (noMethodNotAllowed) return context.diagnostic("the host's own answer")
      const response = await fetch(`${host.url}/count`)
      assert.equal(response.headers.get('allow'), 'POST')
    })

    it('lets a client that leaves cancel the work below', async () => {
      const controller = new AbortController()
      const request = post('/wait', { ms: 1_500 }, { signal: controller.signal, headers: { 'x-request-id': 'leaver' } })
      const cancelled = assert.rejects(request)
      // A second call on the same way is answered only after the first was sent.
      await post('/waits')
      controller.abort()
      await cancelled
      await waitUntil(async () => ((await (await post('/waits')).json()) as string[]).includes('leaver'), {
        describe: 'the abort to arrive in the dependency',
      })
    })

    it('hands the request id on to the services below', async () => {
      const response = await post('/wait', { ms: 1 }, { headers: { 'x-request-id': 'through' } })
      assert.deepEqual(await response.json(), { requestId: 'through' })
    })

    it('says that it lives and is ready', async () => {
      for (const path of ['/livez', '/readyz', '/healthz'])
        assert.equal((await fetch(host.url + path)).status, 200, path)
    })

    it('describes its apis', async () => {
      const schema = (await (await fetch(`${host.url}/schema.json`)).json()) as {
        name: string
        routes: { name: string; route: string; input: { properties?: object } }[]
      }
      assert.equal(schema.name, 'Texts')
      const count = schema.routes.find((route) => route.name === 'count')
      assert.deepEqual(Object.keys(count?.input.properties ?? {}), ['text', 'times'])
      assert.equal(schema.routes.find((route) => route.name === 'shout')?.route, '/loud/shout')
    })
  })
}
