import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { ServiceError } from '../../packages/core/build/errors/service-error.js'
import type { Mount } from '../../packages/core/build/http/mount-table.js'
import { defineService } from '../../packages/core/build/service/define-service.js'
import { type ErrorAnswer, rawClient, startHost } from '../helpers/http-host.js'
import { failFixture, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const Api = defineService(
  class Api {
    hello() {
      return 'of the api'
    }
  },
  { apis: { hello: { route: '/ui/hello' } } },
)

type Shown = { method: string; url: string; originalUrl: string; body: string }

/** Says what it was asked. */
async function show(request: IncomingMessage & { originalUrl?: string }, response: ServerResponse): Promise<void> {
  const { method, url, originalUrl } = request
  const body = await text(request)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ method, url, originalUrl, body }))
}

const mountsOf = (handlers: Record<string, Mount['handler']>): Mount[] =>
  Object.entries(handlers).map(([path, handler]) => ({ path, handler }))

const shown = async (answer: Response): Promise<Shown> => (await answer.json()) as Shown
const failed = async (answer: Response): Promise<ErrorAnswer> => (await answer.json()) as ErrorAnswer

describe('a mounted handler', () => {
  it('answers what is at and below its path, in any method, with the path taken off', async () => {
    await using host = await startHost(Api, { mounts: mountsOf({ '/ui': show }) })
    const put = await fetch(`${host.url}/ui/a/b?c=1`, { method: 'PUT', body: 'given' })
    assert.match(put.headers.get('x-request-id') ?? '', /./)
    assert.deepEqual(await shown(put), { method: 'PUT', url: '/a/b?c=1', originalUrl: '/ui/a/b?c=1', body: 'given' })
    assert.equal((await shown(await fetch(`${host.url}/ui`))).url, '/')
    assert.equal((await fetch(`${host.url}/uix`)).status, 404)
    assert.equal((await fetch(`${host.url}/readyz`)).status, 200)
  })

  it('leaves the routes of apis and of the host alone', async () => {
    await using host = await startHost(Api, { mounts: mountsOf({ '/': show }) })
    assert.equal(await (await fetch(`${host.url}/ui/hello`, { method: 'POST' })).text(), 'of the api')
    assert.equal(await (await fetch(`${host.url}/livez`)).text(), '\n')
    // By another method it is no route.
    assert.equal((await shown(await fetch(`${host.url}/ui/hello`))).url, '/ui/hello')
  })

  it('may hand a request back: then it is as if nothing were mounted', async () => {
    const handBack: Mount['handler'] = (_request, response, next) => {
      response.setHeader('x-powered-by', 'a framework')
      next()
    }
    await using host = await startHost(Api, { mounts: mountsOf({ '/ui': handBack }) })
    const answer = await fetch(`${host.url}/ui/hello`)
    assert.deepEqual([answer.status, answer.headers.get('x-powered-by')], [405, null])
    const unknown = await failed(await fetch(`${host.url}/ui/other`))
    assert.equal(unknown.code, 'EKB_ERR_ROUTE_NOT_FOUND')
    assert.match(unknown.error, /\/ui\/other/)
  })

  it('fails as an api does, whether it throws, rejects or says so', async () => {
    const refusal = new ServiceError('Not here', { statusCode: 410, code: 'GONE' })
    const handlers: Record<string, Mount['handler']> = {
      '/throws': () => {
        throw refusal
      },
      '/rejects': () => Promise.reject(refusal),
      '/says': (_request, _response, next) => next(refusal),
      '/bug': () => {
        throw new TypeError('secret')
      },
    }
    await using host = await startHost(Api, { mounts: mountsOf(handlers) })
    for (const path of ['/throws', '/rejects', '/says']) {
      const answer = await fetch(host.url + path)
      assert.deepEqual([answer.status, (await failed(answer)).code], [410, 'GONE'], path)
    }
    const bug = await fetch(`${host.url}/bug`)
    assert.equal(bug.status, 500)
    assert.doesNotMatch(await bug.text(), /secret/)
    assert.ok(host.log.some(({ level, fields }) => level === 'error' && String(fields.err).includes('secret')))
  })

  it('that fails in the middle of its answer breaks the connection', async () => {
    const half: Mount['handler'] = async (_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half')
      await once(response, 'drain').catch(() => {})
    }
    const breaks: Mount['handler'] = (request, response, next) => {
      void half(request, response, next)
      setImmediate(() => next(new Error('no more')))
    }
    await using host = await startHost(Api, { mounts: mountsOf({ '/half': breaks }) })
    await assert.rejects(fetch(`${host.url}/half`).then((answer) => answer.text()))
    await waitUntil(() => host.log.some(({ message }) => message === 'a mounted handler failed in mid-answer'))
    assert.equal((await fetch(`${host.url}/readyz`)).status, 200)
  })

  it('is waited for when the host drains, and cut at the deadline', async () => {
    const answers: ServerResponse[] = []
    const wait: Mount['handler'] = (_request, response) => void answers.push(response)
    await using host = await startHost(Api, { mounts: mountsOf({ '/wait': wait }) })
    await using first = await rawClient(host.port)
    await using second = await rawClient(host.port)
    for (const client of [first, second]) client.write('GET /wait HTTP/1.1\r\nhost: test\r\n\r\n')
    await waitUntil(() => answers.length === 2)
    const draining = host.drain(0, 1_000)
    answers[0]?.end('done')
    const { cut } = await draining
    assert.equal(cut.length, 1)
    assert.match(cut[0] ?? '', /^GET \/wait after \d+ ms$/)
    // Sent before the cut, and perhaps not read yet.
    await waitUntil(() => /done/.test(first.received + second.received), { describe: 'the answer that was given' })
  })

  it('may set a limit of its own, with or without a word at its end', async () => {
    const handlers: Record<string, Mount['handler']> = {
      '/says': (_request, response) => void response.setTimeout(50, () => response.end('no time')),
      '/ends': (request) => void request.setTimeout(50),
    }
    await using host = await startHost(Api, { mounts: mountsOf(handlers) })
    assert.equal(await (await fetch(`${host.url}/says`)).text(), 'no time')
    await assert.rejects(fetch(`${host.url}/ends`), TypeError)
  })

  it('is counted and logged by its path', async () => {
    await using host = await startHost(Api, { mounts: mountsOf({ '/ui': show }) })
    await (await fetch(`${host.url}/ui/one`)).text()
    const line = await waitUntil(() => host.log.find(({ message }) => message === 'request'))
    assert.deepEqual([line.fields.route, line.fields.status], ['/ui', 200])
  })
})

describe('the option mount', () => {
  it('makes the handler in each worker that serves HTTP, with the instance that has started', async () => {
    await using server = await serveFixture('mounts:Front')
    const answer = await fetch(`${server.url}/ui/greet?name=Ada`)
    assert.deepEqual([answer.status, await answer.text()], [200, 'Hello Ada, from the service'])
    assert.equal((await fetch(`${server.url}/greet`, { method: 'POST' })).status, 200)
    const { paths } = (await (await fetch(`${server.url}/schema.json`)).json()) as { paths: object }
    assert.deepEqual(paths, { '/ui': { mounted: true }, '/greet': { mounted: false } })
    assert.equal(await server.stop(), 0)
  })

  it('that makes no handler fails the start', async () => {
    const { code, stderr } = await failFixture('mounts:Broken')
    assert.equal(code, 2, stderr)
    assert.match(stderr, /mount\['\/ui'\].*request handler/)
  })

  it('takes literal paths only', () => {
    for (const path of ['ui', '/ui/', '/:id', '/a?b', '//a', '/a%20b']) {
      assert.throws(() => defineService(class Wrong {}, { mount: { [path]: () => () => {} } }), {
        code: 'EKB_ERR_CONFIG_INVALID',
      })
    }
  })
})
