import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { ServiceError } from '../../packages/core/build/errors/service-error.js'
import type { CallContext } from '../../packages/core/build/service/call-context.js'
import { defineService } from '../../packages/core/build/service/define-service.js'
import { type ErrorAnswer, post, startHost } from '../helpers/http-host.js'
import { waitUntil } from '../helpers/wait-until.js'

class HttpException extends Error {
  getStatus = () => this.status
  getResponse = () => this.response
  readonly status: number
  readonly response: unknown
  constructor(response: unknown, status: number) {
    super('Http Exception')
    this.response = response
    this.status = status
  }
}

const THROWN: Record<string, () => unknown> = {
  refusal: () => new ServiceError('No such order', { statusCode: 404, code: 'ORDER_UNKNOWN', detail: { id: 7 } }),
  hidden: () => new ServiceError('the database at db1 is gone', { statusCode: 503, code: 'DB_DOWN' }),
  exposed: () => new ServiceError('Model is loading', { statusCode: 503, expose: true }),
  nest: () => new HttpException({ message: ['text must be a string'], error: 'Bad Request' }, 422),
  nestText: () => new HttpException('Not yours', 403),
  nestBug: () => new HttpException('secret', 500),
  httpErrors: () => Object.assign(new Error('teapot'), { status: 418, expose: true }),
  library: () => Object.assign(new Error('upstream said secret'), { status: 404, statusCode: 404 }),
  bug: () => new TypeError('secret is not a function'),
  text: () => 'secret',
  nothing: () => undefined,
}

const RETURNED: Record<string, () => unknown> = {
  bigint: () => ({ a: [1, { b: 10n }] }),
  function: () => ({ a: { run() {} } }),
  promise: () => ({ a: Promise.resolve(1) }),
  map: () => new Map([[1, 2]]),
  cycle: () => {
    const node: Record<string, unknown> = { name: 'a' }
    node.self = { node }
    return node
  },
}

const Api = defineService(
  class Api {
    async classify({ text }: { text: string }) {
      return { label: 'length', score: text.length }
    }
    plain(input: unknown) {
      return input
    }
    async fail({ how }: { how: string }) {
      throw THROWN[how]?.()
    }
    give({ what }: { what: string }) {
      return RETURNED[what]?.()
    }
    say() {
      return 'héllo'
    }
    image() {
      return Buffer.from([1, 2, 255])
    }
    nothing() {}
    numbers() {
      return { vector: Float32Array.of(0.5, 1) }
    }
    dressed(_: unknown, { response }: CallContext) {
      response.statusCode = 201
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      response.setHeader('Content-Type', 'application/vnd.made+json')
      return { made: true }
    }
    empty(_: unknown, { response }: CallContext) {
      response.statusCode = 204
    }
    context(_: unknown, context: CallContext) {
      const { requestId, traceparent, headers, remoteAddress, service, slot, deadline, log } = context
      log.info({ own: true }, 'from the api')
      return { requestId, traceparent, agent: headers?.['x-agent'], remoteAddress, service, slot, deadline }
    }
    wrong() {
      return { score: 'high' } as unknown as { score: number }
    }
    upper(text: string) {
      return text.toUpperCase()
    }
    total(numbers: number[]) {
      return numbers.reduce((sum, number) => sum + number, 0)
    }
    async never(_: unknown, { signal }: CallContext) {
      await wait(60_000, undefined, { signal })
    }
  },
  {
    apis: {
      classify: { input: z.object({ text: z.string().min(1) }), route: '/v1/classify' },
      plain: {},
      fail: {},
      give: {},
      say: {},
      image: { mediaType: 'image/png' },
      nothing: {},
      numbers: {},
      dressed: {},
      empty: {},
      context: {},
      wrong: { output: z.object({ score: z.number() }) },
      upper: { input: z.string() },
      total: { input: z.array(z.number()), bodyLimit: 64 },
      never: {},
    },
  },
)

const ID = /^[\w.:-]{1,128}$/

describe('an answer', () => {
  test('is the JSON of what the api returns', async () => {
    await using host = await startHost(Api)
    const { status, headers, text } = await post(`${host.url}/v1/classify`, { text: 'hello' })
    assert.deepEqual([status, text], [200, '{"label":"length","score":5}'])
    assert.equal(headers.get('content-type'), 'application/json; charset=utf-8')
    assert.match(headers.get('x-request-id') ?? '', ID)
    assert.equal(headers.get('x-powered-by'), null)
  })

  test('is text or bytes as they are', async () => {
    await using host = await startHost(Api)
    const said = await post(`${host.url}/say`, {})
    assert.deepEqual([said.headers.get('content-type'), said.text], ['text/plain; charset=utf-8', 'héllo'])
    const image = await fetch(`${host.url}/image`, { method: 'POST' })
    assert.equal(image.headers.get('content-type'), 'image/png')
    assert.deepEqual([...new Uint8Array(await image.arrayBuffer())], [1, 2, 255])
  })

  test('is null for nothing, and a list for a typed array', async () => {
    await using host = await startHost(Api)
    assert.equal((await post(`${host.url}/nothing`, {})).text, 'null')
    assert.equal((await post(`${host.url}/numbers`, {})).text, '{"vector":[0.5,1]}')
  })

  test('has the status and headers that the api set', async () => {
    await using host = await startHost(Api)
    const made = await post(`${host.url}/dressed`, {})
    assert.equal(made.status, 201)
    assert.equal(made.headers.get('content-type'), 'application/vnd.made+json')
    assert.deepEqual(made.headers.getSetCookie(), ['a=1', 'b=2'])
    const empty = await post(`${host.url}/empty`, {})
    assert.deepEqual([empty.status, empty.text, empty.headers.get('content-length')], [204, '', null])
  })

  for (const what of ['bigint', 'function', 'promise', 'map', 'cycle']) {
    test(`is 500 where JSON cannot hold a ${what}`, async () => {
      await using host = await startHost(Api)
      const { status, json } = await post(`${host.url}/give`, { what })
      assert.deepEqual([status, json().code], [500, 'EKB_ERR_NOT_SERIALISABLE'])
      const line = host.log.find(({ level }) => level === 'error')
      assert.match(line?.message ?? '', /at \$/)
    })
  }
})

describe('a request id', () => {
  test("is the client's own if it may be used, else a new one, on every answer", async () => {
    await using host = await startHost(Api)
    const own = await post(
      `${host.url}/context`,
      {},
      { 'content-type': 'application/json', 'x-request-id': 'abc:1.2-3' },
    )
    assert.equal(own.headers.get('x-request-id'), 'abc:1.2-3')
    assert.equal((own.json() as unknown as CallContext).requestId, 'abc:1.2-3')
    const seen = new Set<string>()
    for (const path of ['/context', '/nowhere', '/livez', '/v1/classify']) {
      const { headers } = await post(`${host.url}${path}`, '{', {
        'content-type': 'application/json',
        'x-request-id': 'not one; really',
      })
      assert.match(headers.get('x-request-id') ?? '', ID)
      seen.add(headers.get('x-request-id') ?? '')
    }
    assert.equal(seen.size, 4)
  })
})

test('the context tells about the request and logs with its id', async () => {
  await using host = await startHost(Api, { timeoutMs: 5_000 })
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const before = Date.now()
  const { json } = await post(`${host.url}/context`, undefined, { 'x-agent': 'me', 'x-request-id': 'r1', traceparent })
  const { deadline, ...rest } = json() as unknown as Record<string, unknown>
  assert.deepEqual(rest, {
    requestId: 'r1',
    traceparent,
    agent: 'me',
    remoteAddress: '127.0.0.1',
    service: 'Api',
    slot: 0,
  })
  assert.ok(Number(deadline) >= before + 4_990, 'five seconds from now')
  const line = host.log.find(({ fields }) => fields.own === true)
  assert.equal(line?.fields.requestId, 'r1')
  assert.equal(line?.fields.traceId, '0af7651916cd43dd8448eb211c80319c')
})

describe('a body', () => {
  const cases: readonly [
    name: string,
    path: string,
    body: string | Uint8Array | undefined,
    type: string | undefined,
    expected: unknown,
  ][] = [
    ['none is an empty object', '/plain', undefined, undefined, {}],
    ['any JSON where no schema says otherwise', '/plain', '[1,2]', 'application/json', [1, 2]],
    ['a +json type and a charset', '/plain', '{"a":1}', 'application/vnd.x+json; charset=UTF-8', { a: 1 }],
    ['a byte order mark', '/plain', '\ufeff{"a":1}', 'application/json', { a: 1 }],
    [
      'a form, its fields JSON where they can be',
      '/plain',
      'a=1&b=x&c=2&c=y',
      'application/x-www-form-urlencoded',
      { a: 1, b: 'x', c: [2, 'y'] },
    ],
    ['text for a string', '/upper', 'grüße', 'text/plain', 'GRÜSSE'],
    ['JSON for a string', '/upper', '"abc"', 'application/json', 'ABC'],
    ['the whole body for a list', '/total', '[1,2,3]', 'application/json', 6],
  ]
  for (const [name, path, body, type, expected] of cases) {
    test(`may be ${name}`, async () => {
      await using host = await startHost(Api)
      const { status, text, headers } = await post(
        `${host.url}${path}`,
        body,
        type === undefined ? {} : { 'content-type': type },
      )
      assert.equal(status, 200, text)
      assert.deepEqual(headers.get('content-type')?.startsWith('text/') ? text : JSON.parse(text), expected)
    })
  }

  const refusals: readonly [
    name: string,
    path: string,
    body: string | Uint8Array,
    type: Record<string, string>,
    expected: [number, string, RegExp],
  ][] = [
    [
      'cut JSON',
      '/plain',
      '{"a":',
      { 'content-type': 'application/json' },
      [400, 'EKB_ERR_BODY_INVALID', /position 5 \(line 1, column 6\)/],
    ],
    [
      'misspelt JSON',
      '/plain',
      '{\n a: 1}',
      { 'content-type': 'application/json' },
      [400, 'EKB_ERR_BODY_INVALID', /unexpected "a" at position 3 \(line 2/],
    ],
    [
      'invalid UTF-8',
      '/plain',
      Buffer.from([0x22, 0xff, 0x22]),
      { 'content-type': 'application/json' },
      [400, 'EKB_ERR_BODY_INVALID', /UTF-8/],
    ],
    [
      'JSON that says it is a form',
      '/plain',
      '{"a":1}',
      { 'content-type': 'application/x-www-form-urlencoded' },
      [400, 'EKB_ERR_BODY_INVALID', /content-type: application\/json/],
    ],
    [
      'no object where one is asked for',
      '/v1/classify',
      '5',
      { 'content-type': 'application/json' },
      [400, 'EKB_ERR_VALIDATION', /expected object/],
    ],
    [
      'text for an object',
      '/v1/classify',
      'hello',
      { 'content-type': 'text/plain' },
      [415, 'EKB_ERR_MEDIA_TYPE', /send application\/json/],
    ],
    ['bytes without a type', '/v1/classify', Buffer.from('{"text":"a"}'), {}, [415, 'EKB_ERR_MEDIA_TYPE', /'none'/]],
    [
      'another charset',
      '/upper',
      'abc',
      { 'content-type': 'text/plain; charset=latin1' },
      [415, 'EKB_ERR_MEDIA_TYPE', /UTF-8/],
    ],
    [
      'a key that reaches the prototype',
      '/plain',
      '{"a":{"__proto__":{"admin":true}}}',
      { 'content-type': 'application/json' },
      [400, 'EKB_ERR_BODY_INVALID', /'__proto__'/],
    ],
    [
      'a form that is no UTF-8',
      '/plain',
      'a=%ff',
      { 'content-type': 'application/x-www-form-urlencoded' },
      [400, 'EKB_ERR_BODY_INVALID', /UTF-8/],
    ],
    [
      'pickle',
      '/plain',
      'x',
      { 'content-type': 'application/vnd.bentoml+pickle' },
      [415, 'EKB_ERR_MEDIA_TYPE', /pickle/],
    ],
    [
      'gzip',
      '/plain',
      'x',
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      [415, 'EKB_ERR_MEDIA_TYPE', /content-encoding: gzip/],
    ],
    [
      'more than the limit',
      '/total',
      `[${'1,'.repeat(50)}1]`,
      { 'content-type': 'application/json' },
      [413, 'EKB_ERR_BODY_TOO_LARGE', /64 bytes/],
    ],
  ]
  for (const [name, path, body, type, [status, code, message]] of refusals) {
    test(`is refused: ${name}`, async () => {
      await using host = await startHost(Api)
      const answer = await post(`${host.url}${path}`, body, type)
      const { error, requestId, ...rest } = answer.json()
      assert.deepEqual([answer.status, rest.code, rest.statusCode], [status, code, status])
      assert.match(error, message)
      assert.equal(requestId, answer.headers.get('x-request-id'))
    })
  }

  test('that is not valid is told issue by issue', async () => {
    await using host = await startHost(Api)
    const { json } = await post(`${host.url}/v1/classify`, { text: '' })
    const [issue, ...more] = json().detail as { path: unknown; message: string }[]
    assert.deepEqual(more, [])
    assert.deepEqual(issue?.path, ['text'])
    assert.match(json().error, /^The input is not valid: text: /)
  })
})

describe('what is thrown', () => {
  const MASKED = /^The server failed on this request/
  const cases: readonly [how: string, status: number, code: string, message: RegExp, level: string | undefined][] = [
    ['refusal', 404, 'ORDER_UNKNOWN', /^No such order$/, undefined],
    ['hidden', 503, 'DB_DOWN', MASKED, 'error'],
    ['exposed', 503, 'EKB_ERR_INTERNAL', /^Model is loading$/, 'warn'],
    ['nest', 422, 'EKB_ERR_INTERNAL', /^Http Exception$/, undefined],
    ['nestText', 403, 'EKB_ERR_INTERNAL', /^Not yours$/, undefined],
    ['nestBug', 500, 'EKB_ERR_INTERNAL', MASKED, 'error'],
    ['httpErrors', 418, 'EKB_ERR_INTERNAL', /^teapot$/, undefined],
    ['library', 500, 'EKB_ERR_INTERNAL', MASKED, 'error'],
    ['bug', 500, 'EKB_ERR_INTERNAL', MASKED, 'error'],
    ['text', 500, 'EKB_ERR_INTERNAL', MASKED, 'error'],
    ['nothing', 500, 'EKB_ERR_INTERNAL', MASKED, 'error'],
  ]
  for (const [how, status, code, message, level] of cases) {
    test(`answers ${status} to ${how}`, async () => {
      await using host = await startHost(Api)
      const answer = await post(`${host.url}/fail`, { how })
      assert.deepEqual([answer.status, answer.json().code], [status, code])
      assert.match(answer.json().error, message)
      assert.equal(answer.headers.get('retry-after'), status === 503 ? '1' : null)
      const logged = host.log.find((line) => line.message !== 'request')
      assert.equal(logged?.level, level)
      if (level !== undefined) assert.equal(logged?.fields.requestId, answer.json().requestId)
    })
  }

  test('keeps the detail of a refusal', async () => {
    await using host = await startHost(Api)
    assert.deepEqual((await post(`${host.url}/fail`, { how: 'refusal' })).json().detail, { id: 7 })
    assert.deepEqual((await post(`${host.url}/fail`, { how: 'nest' })).json().detail, ['text must be a string'])
  })

  test('is 500 where the output is not what the schema says', async () => {
    await using host = await startHost(Api)
    const { status, json } = await post(`${host.url}/wrong`, {})
    assert.deepEqual([status, json().code, json().detail], [500, 'EKB_ERR_OUTPUT_INVALID', undefined])
  })
})

describe('routes', () => {
  const get = async (url: string, init: RequestInit = {}): Promise<[Response, ErrorAnswer]> => {
    const response = await fetch(url, init)
    return [response, (await response.json()) as ErrorAnswer]
  }

  test('unknown: 404 with near names', async () => {
    await using host = await startHost(Api)
    const [response, body] = await get(`${host.url}/v1/clasify?x=1`, { method: 'POST' })
    assert.deepEqual([response.status, body.code], [404, 'EKB_ERR_ROUTE_NOT_FOUND'])
    assert.equal(body.error, 'No route POST /v1/clasify. Did you mean /v1/classify?')
  })

  test('wrong method: 405 with what is allowed', async () => {
    await using host = await startHost(Api)
    const [response, body] = await get(`${host.url}/say`)
    assert.deepEqual(
      [response.status, body.code, response.headers.get('allow')],
      [405, 'EKB_ERR_METHOD_NOT_ALLOWED', 'POST'],
    )
    const [probe] = await get(`${host.url}/livez`, { method: 'DELETE' })
    assert.deepEqual([probe.status, probe.headers.get('allow')], [405, 'GET, HEAD'])
  })

  test('of tasks: not yet', async () => {
    await using host = await startHost(Api)
    const [response, body] = await get(`${host.url}/v1/classify/submit`, { method: 'POST' })
    assert.deepEqual([response.status, body.code], [404, 'EKB_ERR_TASK_UNSUPPORTED'])
  })

  test('of probes answer GET and HEAD, and stay out of the access log', async () => {
    let ready = true
    await using host = await startHost(Api, { isReady: () => ready })
    for (const path of ['/livez', '/healthz', '/readyz']) {
      const probe = await fetch(`${host.url}${path}`)
      assert.deepEqual([probe.status, await probe.text()], [200, '\n'])
      const head = await fetch(`${host.url}${path}`, { method: 'HEAD' })
      assert.deepEqual([head.status, await head.text(), head.headers.get('content-length')], [200, '', '1'])
    }
    ready = false
    const probe = await fetch(`${host.url}/readyz`)
    assert.deepEqual([probe.status, probe.headers.get('retry-after')], [503, '1'])
    assert.equal((await fetch(`${host.url}/livez`)).status, 200)
    assert.deepEqual(host.log, [])
  })

  test('/schema.json describes them as BentoML does', async () => {
    await using host = await startHost(Api)
    const document = (await (await fetch(`${host.url}/schema.json`)).json()) as Record<string, unknown[]>
    assert.deepEqual(document.routes?.[0], {
      name: 'classify',
      route: '/v1/classify',
      batchable: false,
      input: {
        title: 'Input',
        type: 'object',
        properties: { text: { title: 'Text', type: 'string', minLength: 1 } },
        required: ['text'],
      },
      output: {},
      is_task: false,
    })
  })
})

describe('time', () => {
  test('is up: 504, and the signal aborts', async () => {
    await using host = await startHost(Api, { timeoutMs: 30 })
    const { status, json } = await post(`${host.url}/never`, {})
    assert.deepEqual([status, json().code], [504, 'EKB_ERR_TIMEOUT'])
    await host.runner.whenIdle()
    assert.equal(host.runner.inFlight, 0)
  })

  for (const [says, timeoutMs, leftMs] of [
    ['shortens it, where there is a limit', 60_000, '30'],
    ['shortens it, where there is none', undefined, '30'],
    ['cannot lengthen it', 30, '60000'],
    ['cannot take it away', 30, 'soon'],
  ] as const) {
    test(`as ekiben-timeout-ms says it: a client ${says}`, async () => {
      await using host = await startHost(Api, { timeoutMs })
      const headers = { 'content-type': 'application/json', 'ekiben-timeout-ms': leftMs }
      const { status, json } = await post(`${host.url}/never`, {}, headers)
      assert.deepEqual([status, json().code], [504, 'EKB_ERR_TIMEOUT'])
      await host.runner.whenIdle()
    })
  }

  test('that was up before is none: nothing is run', async () => {
    await using host = await startHost(Api)
    const headers = { 'content-type': 'application/json', 'ekiben-timeout-ms': '0' }
    const { status } = await post(`${host.url}/v1/classify`, { text: 'abc' }, headers)
    assert.equal(status, 504)
    assert.match(String(host.log.find(({ level }) => level === 'warn')?.message), /after its deadline/)
  })
})

describe('the access log', () => {
  test('has one line for each request', async () => {
    await using host = await startHost(Api)
    const { headers } = await post(`${host.url}/v1/classify?secret=1`, { text: 'abc' })
    await post(`${host.url}/nowhere/secret`, {})
    const [first, second] = host.log.map(({ fields: { ms, ...fields } }) => {
      assert.equal(typeof ms, 'number')
      return fields
    })
    const requestId = headers.get('x-request-id')
    assert.deepEqual(first, { method: 'POST', route: '/v1/classify', status: 200, bytes: 28, requestId })
    assert.deepEqual([second?.route, second?.status], [null, 404])
  })
})

describe('admission', () => {
  test('runs so many, lets so many wait, refuses the rest with 429', async () => {
    await using host = await startHost(Api, { maxConcurrency: 1, maxQueue: 1 })
    const leaving = new AbortController()
    const call = (signal: AbortSignal) =>
      fetch(`${host.url}/never`, { method: 'POST', signal }).catch((error: Error) => error.name)
    const running = call(leaving.signal)
    await waitUntil(() => host.runner.inFlight === 1)
    const waiting = fetch(`${host.url}/say`, { method: 'POST' })
    // Before others come for its place.
    await waitUntil(() => host.host.connections === 2)
    const refused = await waitUntil(async () => {
      const answer = await fetch(`${host.url}/say`, { method: 'POST', signal: AbortSignal.timeout(200) }).catch(
        () => undefined,
      )
      return answer?.status === 429 ? answer : undefined
    })
    assert.equal(refused.headers.get('retry-after'), '1')
    assert.equal(((await refused.json()) as ErrorAnswer).code, 'EKB_ERR_OVERLOADED')
    leaving.abort()
    assert.equal(await running, 'AbortError')
    assert.equal((await waiting).status, 200)
  })
})
