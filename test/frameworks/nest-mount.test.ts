import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CallContext, defineService, ServiceError } from '@ekiben/core'
import { ServeModule } from '@ekiben/nest-module'
import {
  type CallHandler,
  ConflictException,
  Controller,
  type ExecutionContext,
  type INestApplication,
  InternalServerErrorException,
  RequestMethod,
  SetMetadata,
  Version,
  VersioningType,
} from '@nestjs/common'
import { ApiTags, DocumentBuilder, SwaggerModule } from '@nestjs/swagger'
import { map, tap } from 'rxjs/operators'
import { z } from 'zod'
import { PLATFORMS, startNest } from '../helpers/nest-app.js'
import { silentLog } from '../helpers/silent-log.js'

class LibraryError extends Error {
  readonly statusCode = 402
}
class OutOfStock extends Error {}

const Orders = defineService(
  class Orders {
    place({ item = 'nothing' }: { item?: string }, { response }: CallContext) {
      response.statusCode = 202
      response.setHeader('x-item', item)
      response.setCookie('last', item)
      response.setCookie('first', item)
      return { item }
    }
    echo(input: unknown) {
      return { input: input ?? null }
    }
    list() {
      return ['tea', 'ink']
    }
    count() {
      return 3
    }
    nothing() {
      return null
    }
    note() {
      return 'as it is'
    }
    vector() {
      return { vector: Float32Array.of(1, 2.5) }
    }
    bytes() {
      return new Uint8Array([104, 105])
    }
    size({ file, loud }: { file?: File; loud?: boolean }) {
      return { size: file?.size, loud }
    }
    raw(file: File) {
      return { bytes: file.size }
    }
    fail({ how }: { how: string }) {
      if (how === 'conflict') throw new ConflictException('taken already')
      if (how === 'internal') throw new InternalServerErrorException('shelf 7 is empty')
      if (how === 'library') throw new LibraryError('shelf 7 is empty')
      if (how === 'refused')
        throw new ServiceError('No such shelf', { statusCode: 404, code: 'SHELF', detail: { no: 7 } })
      // As some libraries do.
      if (how === 'object') throw Object.assign(Object.create(null), { statusCode: 400, message: 'shelf 7 is empty' })
      throw new OutOfStock('shelf 7 is empty')
    }
  },
  {
    name: 'Orders',
    apis: {
      place: {},
      echo: {},
      list: {},
      count: {},
      nothing: {},
      note: {},
      vector: {},
      bytes: { mediaType: 'image/x-own' },
      size: {
        input: {
          type: 'object',
          properties: { file: { type: 'string', format: 'binary' }, loud: { type: 'boolean' } },
        },
      },
      raw: { input: { type: 'string', format: 'binary' } },
      fail: {},
    },
  },
)

for (const [platform, makeAdapter] of Object.entries(PLATFORMS)) {
  const start = (options: object = {}, app: Parameters<typeof startNest>[2] = {}) =>
    startNest(
      makeAdapter(),
      { imports: [ServeModule.forRoot({ services: [Orders], prefix: 'shop', log: silentLog, ...options })] },
      app,
    )

  describe(`services in Nest on ${platform}`, () => {
    it('answers with the status, headers and cookies that an api sets', async () => {
      await using app = await start()
      const response = await app.post('/shop/place', { item: 'tea' })
      assert.equal(response.status, 202)
      assert.equal(response.headers.get('x-item'), 'tea')
      assert.deepEqual(
        response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]),
        ['last=tea', 'first=tea'],
      )
      assert.match(response.headers.get('x-request-id') ?? '', /\S/)
      assert.deepEqual(await response.json(), { item: 'tea' })
    })

    it('answers what is no object as other hosts do', async () => {
      await using app = await start()
      const answers = {
        list: '["tea","ink"]',
        vector: '{"vector":[1,2.5]}',
        count: '3',
        nothing: 'null',
        note: 'as it is',
        bytes: 'hi',
      }
      const types = { note: /^text\/plain/, bytes: /^image\/x-own$/ } as Record<string, RegExp>
      for (const [api, text] of Object.entries(answers)) {
        const response = await app.post(`/shop/${api}`)
        assert.equal(response.status, 200, api)
        assert.match(response.headers.get('content-type') ?? '', types[api] ?? /^application\/json/, api)
        assert.equal(await response.text(), text, api)
      }
    })

    it('lets an interceptor of the app see and change what apis return', async () => {
      const seen: unknown[] = []
      const wrap = {
        intercept: (context: ExecutionContext, next: CallHandler) => {
          const { api, service } = Reflect.getMetadata('ekiben:api', context.getHandler())
          return next.handle().pipe(
            map((data) => {
              seen.push(`${context.getClass().name} ${service}.${api}`, data)
              return { data }
            }),
          )
        },
      }
      await using app = await start({}, { set: (nest) => nest.useGlobalInterceptors(wrap) })
      for (const [api, data] of Object.entries({ list: ['tea', 'ink'], count: 3, nothing: null, note: 'as it is' })) {
        const response = await app.post(`/shop/${api}`)
        assert.deepEqual(await response.json(), { data }, api)
        assert.deepEqual(seen.splice(0), [`OrdersController Orders.${api}`, data])
      }
    })

    it('makes JSON once, of what the interceptors of the app leave of a result', async (t) => {
      const stamp = {
        intercept: (_context: ExecutionContext, next: CallHandler) =>
          next
            .handle()
            .pipe(tap((data: { item: string; stamped?: boolean }) => void Object.assign(data, { stamped: true }))),
      }
      await using app = await start({}, { set: (nest) => nest.useGlobalInterceptors(stamp) })
      const { mock } = t.mock.method(JSON, 'stringify')
      const texts = (): unknown[] =>
        mock.calls.map(({ result }) => result).filter((text) => String(text).includes('"stamped"'))
      const response = await app.post('/shop/place', { item: 'pen' })
      assert.equal(await response.text(), '{"item":"pen","stamped":true}')
      assert.deepEqual(texts(), ['{"item":"pen","stamped":true}'])
      const before = mock.calls.filter(({ result }) => result === '{"item":"pen"}')
      // The client's own: what the service returned was no text before.
      assert.equal(before.length, 1)
    })

    it('runs every form of an input through the pipes of the app', async () => {
      const louder = {
        transform: (value: unknown) => (value instanceof File ? value : { ...(value as object), loud: true }),
      }
      await using app = await start({}, { set: (nest) => nest.useGlobalPipes(louder) })
      const post = async (api: string, body: NonNullable<RequestInit['body']>, type?: string) => {
        const headers = type === undefined ? {} : { headers: { 'content-type': type } }
        return (await fetch(`${app.url}/shop/${api}`, { method: 'POST', body, ...headers })).json()
      }
      const form = new FormData()
      form.append('file', new File(['four'], 'a.txt'))
      assert.deepEqual(await post('size', form), { size: 4, loud: true })
      assert.deepEqual(await post('size', '{"loud":false}', 'application/json'), { loud: true })
      for (const type of ['application/own+json', 'application/json-patch+json', 'APPLICATION/JSON;charset=utf-8']) {
        assert.deepEqual(await post('echo', '{"loud":false,"a":1}', type), { input: { loud: true, a: 1 } }, type)
      }
      assert.deepEqual(await post('size', new URLSearchParams({ loud: 'false' })), { loud: true })
      assert.deepEqual(await post('raw', new Uint8Array(5), 'application/octet-stream'), { bytes: 5 })
    })

    it('gives a service nothing but what pipes left', async () => {
      const taker = { transform: () => undefined }
      await using app = await start({}, { set: (nest) => nest.useGlobalPipes(taker) })
      const answers = [
        await app.post('/shop/echo', { item: 'tea' }),
        await fetch(`${app.url}/shop/echo`, { method: 'POST' }),
      ]
      for (const answer of answers) assert.deepEqual(await answer.json(), { input: null })
    })

    it('refuses what a pipe refuses, without a call', async () => {
      const refuse = {
        transform: () => {
          throw new ConflictException('not in this form')
        },
      }
      await using app = await start({}, { set: (nest) => nest.useGlobalPipes(refuse) })
      const form = new FormData()
      form.append('file', new File(['four'], 'a.txt'))
      const response = await fetch(`${app.url}/shop/size`, { method: 'POST', body: form })
      assert.equal(response.status, 409)
      assert.match(await response.text(), /not in this form/)
      assert.equal((await app.post('/shop/list')).status, 409)
    })

    it('gives errors to filters as what they are, and to nobody else their words', async () => {
      const answers: Record<string, [status: number, text: RegExp]> = {
        conflict: [409, /taken already/],
        internal: [500, /shelf 7/],
        library: [500, /Internal|failed/],
        refused: [404, /"No such shelf".*"SHELF".*\{"no":7\}/],
        object: [500, /Internal|failed/],
        stock: [500, /Internal|failed/],
      }
      await using app = await start()
      for (const [how, [status, text]] of Object.entries(answers)) {
        const response = await app.post('/shop/fail', { how })
        assert.equal(response.status, status, how)
        assert.match(response.headers.get('x-request-id') ?? '', /\S/)
        const said = await response.text()
        assert.match(said, text, how)
        if (how !== 'internal') assert.doesNotMatch(said, /shelf 7/)
      }
    })

    it('gives its own answers to errors when it is asked to', async () => {
      await using app = await start({ errors: 'ekiben' })
      for (const [how, status] of Object.entries({ conflict: 409, refused: 404, stock: 500 })) {
        const response = await app.post('/shop/fail', { how })
        const body = (await response.json()) as { statusCode: number; requestId: string }
        assert.deepEqual([response.status, body.statusCode], [status, status])
        assert.equal(body.requestId, response.headers.get('x-request-id'))
      }
    })

    it('has the prefix and the version of the app, and no guard before its probes', async () => {
      class Deny {
        canActivate(context: ExecutionContext): boolean {
          return Reflect.getMetadata('open', context.getHandler()) === true
        }
      }
      const Versioned = defineService(
        class Versioned {
          both() {
            return 'both'
          }
          second() {
            return 'second'
          }
        },
        { name: 'Versioned', apis: { both: {}, second: {} } },
      )
      for (const api of ['both', 'second'] as const) SetMetadata('open', true)(Versioned.prototype[api])
      const descriptor = Object.getOwnPropertyDescriptor(Versioned.prototype, 'second') as PropertyDescriptor
      Version('2')(Versioned.prototype, 'second', descriptor)
      const set: NonNullable<Parameters<typeof startNest>[2]>['set'] = (nest) => {
        nest.setGlobalPrefix('api', { exclude: [{ path: 'health', method: RequestMethod.GET }] })
        nest.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' })
        nest.useGlobalGuards(new Deny())
      }
      await using app = await start({ services: [Versioned], system: 'all' }, { set })
      assert.equal(await (await app.post('/api/v1/shop/both')).text(), 'both')
      assert.equal(await (await app.post('/api/v2/shop/second')).text(), 'second')
      for (const path of ['/api/v1/shop/second', '/api/v2/shop/both', '/shop/both', '/api/shop/both']) {
        assert.equal((await app.post(path)).status, 404, path)
      }
      for (const path of ['/livez', '/readyz', '/healthz', '/schema.json', '/docs.json', '/']) {
        assert.equal((await fetch(app.url + path)).status, 200, path)
        assert.equal((await fetch(app.url + path, { method: 'HEAD' })).status, 200, path)
      }
      assert.equal((await fetch(`${app.url}/metrics`)).status, 404)
      const told = (await (await fetch(`${app.url}/docs.json`)).json()) as { paths: object }
      assert.deepEqual(Object.keys(told.paths), ['/api/v1/shop/both', '/api/v2/shop/second'])
      const id = { headers: { 'x-request-id': 'mine' } }
      assert.equal((await fetch(`${app.url}/livez`, id)).headers.get('x-request-id'), 'mine')
    })

    it('has the path and the version of a service that is decorated as a controller', async () => {
      const Placed = defineService(
        class Placed {
          run() {
            return 'ran'
          }
        },
        { name: 'Placed', apis: { run: {} } },
      )
      Controller({ path: 'placed', version: '3' })(Placed)
      const set = (nest: INestApplication) => void nest.enableVersioning()
      await using app = await start({ services: [Placed], system: 'all' }, { set })
      assert.equal(await (await app.post('/v3/shop/placed/run')).text(), 'ran')
      const told = (await (await fetch(`${app.url}/docs.json`)).json()) as { paths: object }
      assert.deepEqual(Object.keys(told.paths), ['/v3/shop/placed/run'])
      assert.equal((await app.post('/shop/placed/run')).status, 404)
    })

    it('is shown by the swagger of the app, with what apis take and give', async () => {
      const Tagged = defineService(
        class Tagged {
          classify({ text }: { text: string }) {
            return { label: text }
          }
        },
        {
          name: 'Tagged',
          apis: { classify: { input: z.object({ text: z.string() }), output: z.object({ label: z.string() }) } },
        },
      )
      ApiTags('models')(Tagged)
      await using app = await start({ services: [Tagged] })
      const document = SwaggerModule.createDocument(app.app, new DocumentBuilder().build())
      const { tags, requestBody, responses } = document.paths['/shop/classify']?.post ?? {}
      assert.deepEqual(tags, ['models'])
      const content = (from: unknown) => (from as { content: object }).content
      const shape = (name: string) => ({ type: 'object', properties: { [name]: { type: 'string' } }, required: [name] })
      assert.deepEqual(content(requestBody), { 'application/json': { schema: shape('text') } })
      const schema = { ...shape('label'), additionalProperties: false }
      assert.deepEqual(content(responses?.[200]), { 'application/json': { schema } })
    })

    it('leaves types of body to the app that none of its services take', async () => {
      await using app = await start()
      const send = (path: string) =>
        fetch(app.url + path, { method: 'POST', body: 'x', headers: { 'content-type': 'application/x-own' } })
      assert.equal((await send('/shop/place')).status, 415)
      assert.equal((await send('/nowhere')).status, 404)
    })
  })
}
