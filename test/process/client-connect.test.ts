import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectClient, type DynamicClient, isClientError } from '@ekiben/core/client'
import { closedUrl, formOf, type Script, sendJson, startScripted } from '../helpers/scripted-server.js'

const route = (name: string, input: object, output: object = {}, path = `/${name}`) => ({
  name,
  route: path,
  batchable: false,
  input,
  output,
  is_task: false,
})

const object = (properties: object) => ({ type: 'object', title: 'Input', properties })
const FILE = { type: 'file', format: 'image' }

/** In the shape that BentoML gives it. */
const SCHEMA = {
  name: 'Demo',
  type: 'service',
  routes: [
    route('add', object({ a: { type: 'integer' } }), { type: 'integer' }, '/v1/add'),
    route('shout', { root_input: true, type: 'string' }, { type: 'string' }),
    route('show', { root_input: true, ...FILE }, FILE),
    route('scan', object({ image: FILE, pages: { type: 'array', items: FILE }, scale: {} }), { type: 'object' }),
    route('raw', object({}), { type: 'string', format: 'binary' }),
    route('tokens', object({}), { type: 'string', is_stream: true }),
    route('inspect', object({})),
  ],
}

const answers: Record<string, Script> = {
  '/schema.json': (_, response) => sendJson(response, SCHEMA),
  '/shout': ({ body }, response) => response.setHeader('content-type', 'text/plain').end(`${body}!`),
  '/show': ({ body }, response) => response.setHeader('content-type', 'image/png').end(body),
  '/raw': (_, response) => response.setHeader('content-type', 'text/plain').end(new Uint8Array([0, 255])),
  '/tokens': (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-bentoml-request-id': '0123456789abcdef' })
    response.write('to')
    response.end('ken')
  },
}

const demo: Script = (request, response) => {
  const answer = answers[request.path]
  return answer === undefined ? sendJson(response, { path: request.path }) : answer(request, response)
}

async function withDemo(use: (client: Required<DynamicClient>) => Promise<unknown>) {
  await using server = await startScripted(demo)
  const value = await use((await connectClient(server.url, { headers: { 'x-key': '1' } })) as Required<DynamicClient>)
  return { value, last: server.received.at(-1)!, first: server.received[0]! }
}

describe('connectClient', () => {
  it('asks for the schema, with its headers, and calls each api under its route', async () => {
    const { value, first, last } = await withDemo((client) => client.add!({ a: 1 }))
    assert.deepEqual([first.method, first.path, first.headers['x-key']], ['GET', '/schema.json', '1'])
    assert.deepEqual([value, last.body.toString()], [{ path: '/v1/add' }, '{"a":1}'])
  })

  it('sends a whole text as it is, and reads one as it is', async () => {
    const { value, last } = await withDemo((client) => client.shout!('"5"'))
    assert.deepEqual([value, last.headers['content-type']], ['"5"!', 'text/plain; charset=utf-8'])
  })

  it('sends a whole file as it is, and reads one', async () => {
    const { value, last } = await withDemo((client) => client.show!(new File(['x'], 'a.png', { type: 'image/png' })))
    assert.ok(value instanceof Blob)
    assert.deepEqual([await value.text(), last.headers['content-type']], ['x', 'image/png'])
  })

  it('sends fields that are files in a form: files, lists of them, addresses', async () => {
    const input = { image: 'http://a/b.png', pages: [new File(['1'], '1.png')], scale: 2 }
    const { last } = await withDemo((client) => client.scan!(input))
    assert.deepEqual(await formOf(last), [
      ['image', 'http://a/b.png'],
      ['pages', '1', '1.png', 'application/octet-stream'],
      ['scale', '2'],
    ])
  })

  it('reads bytes as bytes, though they are called text', async () => {
    const { value } = await withDemo((client) => client.raw!())
    assert.deepEqual([...new Uint8Array(await (value as Blob).arrayBuffer())], [0, 255])
  })

  it("iterates a stream of BentoML's", async () => {
    const { value } = await withDemo(async (client) => {
      let text = ''
      for await (const piece of client.tokens!()) text += piece
      return text
    })
    assert.equal(value, 'token')
  })

  it('has an api whose name others look for, and none that is none', async () => {
    await withDemo(async (client) => {
      assert.equal(await client, client)
      assert.deepEqual(await client.inspect!(), { path: '/inspect' })
    })
  })

  it('rejects what is no api, with near names', async () => {
    await withDemo(async (client) => {
      await assert.rejects(client.shuot!('a'), (error) => {
        assert.ok(isClientError(error, 'EKB_ERR_CLIENT_NO_API'))
        assert.match(error.message, /has no api 'shuot'; its apis are add, shout, /)
        assert.match(error.hint ?? '', /Did you mean shout\b/)
        return true
      })
    })
  })

  it('waits until the server is ready, where it is told to', async () => {
    let asked = 0
    await using server = await startScripted((request, response) => {
      if (request.path === '/readyz') response.writeHead(++asked < 3 ? 503 : 200).end('\n')
      else demo(request, response)
    })
    await connectClient(server.url, { readyWithinMs: 10_000 })
    assert.deepEqual(
      server.received.map(({ path }) => path),
      ['/readyz', '/readyz', '/readyz', '/schema.json'],
    )
  })

  it('says why there is no client', async () => {
    await using unready = await startScripted((_, response) => response.writeHead(503).end())
    await using foreign = await startScripted((_, response) => response.writeHead(200).end('<html>'))
    await using silent = await startScripted(() => undefined)
    const gone = await closedUrl()
    const cases: [() => Promise<unknown>, string, RegExp][] = [
      [() => connectClient(gone), 'EKB_ERR_CLIENT_UNREACHABLE', /^GET http:\S+\/schema\.json could not be/],
      [
        () => connectClient(unready.url, { readyWithinMs: 1_500 }),
        'EKB_ERR_CLIENT_UNREACHABLE',
        /within 1500 ms.*with 503/,
      ],
      [() => connectClient(unready.url), 'EKB_ERR_CLIENT_SCHEMA', /it answers with 503/],
      [() => connectClient(foreign.url), 'EKB_ERR_CLIENT_SCHEMA', /it lists no routes/],
      [() => connectClient(silent.url, { timeoutMs: 50 }), 'EKB_ERR_CLIENT_TIMEOUT', /within 50 ms/],
      [() => connectClient('nowhere'), 'EKB_ERR_CLIENT_OPTION', /'url'/],
      [() => connectClient('http://a', { readyWithinMs: -1 }), 'EKB_ERR_CLIENT_OPTION', /'readyWithinMs'/],
    ]
    for (const [connect, code, message] of cases) {
      await assert.rejects(connect(), (error) => isClientError(error, code) && message.test(error.message))
    }
  })

  it('asks nobody with a time that no timer takes', async () => {
    const fetch = () => assert.fail('somebody was asked')
    for (const timeoutMs of [Infinity, 2 ** 31, NaN, 0, -1]) {
      const connected = connectClient('http://a', { timeoutMs, fetch })
      await assert.rejects(connected, (error) => isClientError(error, 'EKB_ERR_CLIENT_OPTION'), String(timeoutMs))
    }
  })
})
