import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { type ClientHttp2Stream, connect, constants } from 'node:http2'
import { text } from 'node:stream/consumers'
import { beforeEach, describe, it } from 'node:test'
import { type CallContext, defineService } from '@ekiben/core'
import { serve } from '@ekiben/express-adapter'
import { servePlugin } from '@ekiben/fastify-plugin'
import { ServeModule } from '@ekiben/nest-module'
import type { ExecutionContext, INestApplication } from '@nestjs/common'
import express, { type RequestHandler } from 'express'
import Fastify from 'fastify'
import { type Deferred, deferred } from '../../packages/core/build/util/deferred.js'
import { listen } from '../helpers/express-app.js'
import { PLATFORMS, startNest } from '../helpers/nest-app.js'
import { silentLog } from '../helpers/silent-log.js'

/** The requests whose api has begun. */
const begun: string[] = []

const Desk = defineService(
  class Desk {
    take(_input: unknown, { requestId }: CallContext) {
      begun.push(requestId)
      return { taken: true }
    }
  },
  { name: 'Desk', apis: { take: {} } },
)

/** What an app does before an api gets a request: of one client, it takes until that has left. */
class Doorkeeper {
  readonly holds: Deferred<void> = deferred()
  readonly lets: Deferred<void> = deferred()

  async pass({ headers }: { headers: IncomingHttpHeaders }, response: EventEmitter): Promise<void> {
    if (headers['x-request-id'] !== 'leaver') return
    this.holds.resolve()
    await once(response, 'close')
    this.lets.resolve()
  }
}

interface RunningApp extends AsyncDisposable {
  readonly url: string
}

type Start = (keeper: Doorkeeper) => Promise<RunningApp>

const onExpress: Start = async (keeper) => {
  const desk = serve(Desk, { log: silentLog })
  await desk.ready()
  const keep: RequestHandler = (request, response, next) => void keeper.pass(request, response).then(() => next(), next)
  return listen(express().use(express.json(), keep, desk), [desk])
}

const onFastify: Start = async (keeper) => {
  const app = Fastify({ forceCloseConnections: true })
  app.addHook('preHandler', (request, reply) => keeper.pass(request, reply.raw))
  app.register(servePlugin, Desk)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return { url, [Symbol.asyncDispose]: () => app.close() }
}

function onNest(platform: string, set: (app: INestApplication, keeper: Doorkeeper) => void): Start {
  const imports = [ServeModule.forRoot({ services: [Desk], log: silentLog })]
  return (keeper) => startNest(PLATFORMS[platform]?.() as never, { imports }, { set: (app) => set(app, keeper) })
}

function passOf(keeper: Doorkeeper, context: ExecutionContext): Promise<void> {
  const [request, response] = [context.getArgByIndex(0), context.getArgByIndex(1)]
  return keeper.pass(request, response.raw ?? response)
}

const withGuard = (app: INestApplication, keeper: Doorkeeper): void => {
  const canActivate = async (context: ExecutionContext): Promise<boolean> => {
    await passOf(keeper, context)
    return true
  }
  app.useGlobalGuards({ canActivate })
}

/** Pipes are not told which request it is: a guard is. */
const withPipe = (app: INestApplication, keeper: Doorkeeper): void => {
  let passing: Promise<void> | undefined
  const canActivate = (context: ExecutionContext): boolean => {
    passing = passOf(keeper, context)
    return true
  }
  const transform = async (value: unknown): Promise<unknown> => {
    await passing
    return value
  }
  app.useGlobalGuards({ canActivate })
  app.useGlobalPipes({ transform })
}

const APPS: Readonly<Record<string, Start>> = {
  'a middleware of Express': onExpress,
  'a hook of Fastify': onFastify,
  'a guard of Nest on Express': onNest('Express', withGuard),
  'a guard of Nest on Fastify': onNest('Fastify', withGuard),
  'a pipe of Nest on Express': onNest('Express', withPipe),
  'a pipe of Nest on Fastify': onNest('Fastify', withPipe),
}

const JSON_HEADERS = { 'content-type': 'application/json' }

function take({ url }: RunningApp, id: string, signal?: AbortSignal): Promise<Response> {
  const headers = { ...JSON_HEADERS, 'x-request-id': id }
  return fetch(`${url}/take`, { method: 'POST', headers, body: '{}', ...(signal && { signal }) })
}

describe('an api of a client that left before its turn', () => {
  beforeEach(() => {
    begun.length = 0
  })

  for (const [what, start] of Object.entries(APPS)) {
    it(`does not begin, after ${what}`, async () => {
      const keeper = new Doorkeeper()
      await using app = await start(keeper)
      const leaving = new AbortController()
      const left = assert.rejects(take(app, 'leaver', leaving.signal))
      await keeper.holds.promise
      leaving.abort()
      await Promise.all([left, keeper.lets.promise])
      assert.equal((await take(app, 'stayer')).status, 200)
      assert.deepEqual(begun, ['stayer'])
    })
  }

  it('does not begin, where it came by HTTP/2', async () => {
    const keeper = new Doorkeeper()
    await using app = Fastify({ http2: true })
    app.addHook('preHandler', (request, reply) => keeper.pass(request, reply.raw))
    app.register(servePlugin, Desk)
    const session = connect(await app.listen({ port: 0, host: '127.0.0.1' }))
    const ask = (id: string): ClientHttp2Stream => {
      const stream = session.request({ ':method': 'POST', ':path': '/take', ...JSON_HEADERS, 'x-request-id': id })
      return stream.end('{}')
    }
    const leaver = ask('leaver')
    await keeper.holds.promise
    leaver.close(constants.NGHTTP2_CANCEL)
    await keeper.lets.promise
    assert.equal(await text(ask('stayer')), '{"taken":true}')
    assert.deepEqual(begun, ['stayer'])
    session.close()
  })
})
