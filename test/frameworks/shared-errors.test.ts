import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineService } from '@ekiben/core'
import { serve } from '@ekiben/express-adapter'
import { servePlugin } from '@ekiben/fastify-plugin'
import { ServeModule } from '@ekiben/nest-module'
import { type ArgumentsHost, Catch, ConflictException } from '@nestjs/common'
import express, { type ErrorRequestHandler } from 'express'
import Fastify from 'fastify'
import { deferred } from '../../packages/core/build/util/deferred.js'
import { listen } from '../helpers/express-app.js'
import { PLATFORMS, startNest } from '../helpers/nest-app.js'
import { silentLog } from '../helpers/silent-log.js'

class Taken extends ConflictException {}

/** What two requests wait for. */
class Failing {
  readonly error: Taken
  readonly #end = deferred<never>()
  #asked = 0

  constructor(error: Taken) {
    this.error = error
  }

  ask(): Promise<never> {
    this.#asked++
    if (this.#asked === 2) this.#end.reject(this.error)
    return this.#end.promise
  }
}

let failing: Failing

const Orders = defineService(
  class Orders {
    place() {
      return failing.ask()
    }
  },
  { name: 'Orders', apis: { place: {} } },
)

/** What an app's own handler of errors tells of one. */
function describeError(error: Error & { requestId?: string }): object {
  const { requestId, message, stack } = error
  return { requestId, message, isTaken: error instanceof Taken, isFromThere: stack === failing.error.stack }
}

interface RunningApp extends AsyncDisposable {
  readonly url: string
}

const APPS: Readonly<Record<string, () => Promise<RunningApp>>> = {
  async Express() {
    const orders = serve(Orders, { log: silentLog })
    await orders.ready()
    const answer: ErrorRequestHandler = (error, _request, response, _next) =>
      void response.status(409).json(describeError(error))
    return listen(express().use(orders, answer), [orders])
  },
  async Fastify() {
    const app = Fastify({ forceCloseConnections: true })
    app.setErrorHandler<Error>((error, _request, reply) => reply.code(409).send(describeError(error)))
    app.register(servePlugin, Orders)
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    return { url, [Symbol.asyncDispose]: () => app.close() }
  },
  'Nest on Express': () => nest('Express'),
  'Nest on Fastify': () => nest('Fastify'),
}

function nest(platform: string): Promise<RunningApp> {
  const adapter = PLATFORMS[platform]?.() as ReturnType<(typeof PLATFORMS)[string]>
  class TakenFilter {
    catch(error: Taken, host: ArgumentsHost): void {
      adapter.reply(host.getArgByIndex(1), describeError(error), 409)
    }
  }
  Catch(Taken)(TakenFilter)
  const imports = [ServeModule.forRoot({ services: [Orders], log: silentLog })]
  return startNest(adapter, { imports }, { set: (app) => void app.useGlobalFilters(new TakenFilter()) })
}

async function place({ url }: RunningApp, id: string): Promise<object> {
  const headers = { 'content-type': 'application/json', 'x-request-id': id }
  const response = await fetch(`${url}/place`, { method: 'POST', headers, body: '{}' })
  assert.equal(response.status, 409)
  return { header: response.headers.get('x-request-id'), ...((await response.json()) as object) }
}

for (const [name, start] of Object.entries(APPS)) {
  describe(`one error of two requests, in ${name}`, () => {
    for (const [what, error] of [
      ['an error', new Taken('taken already')],
      ['an error that cannot change', Object.freeze(new Taken('taken already')) as Taken],
    ] as const) {
      it(`is told to each with an id of its own: ${what}`, async () => {
        failing = new Failing(error)
        await using app = await start()
        const answers = await Promise.all(['a', 'b'].map((id) => place(app, id)))
        const told = { message: 'taken already', isTaken: true, isFromThere: true }
        assert.deepEqual(
          answers,
          ['a', 'b'].map((id) => ({ header: id, requestId: id, ...told })),
        )
      })
    }
  })
}
