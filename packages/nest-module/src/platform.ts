import type { HostBodyLimit, Mount, MountRoute } from '@ekiben/core/adapter'
import type { AbstractHttpAdapter } from '@nestjs/core'
import { type NestResponse, sendAnswer } from './send-answer.js'

/** What is used of Fastify, which an app on Express does not have. */
interface FastifyApp {
  readonly initialConfig: { readonly bodyLimit?: number }
  addHook(name: 'onReady', hook: () => Promise<void>): void
  hasRoute(route: Pick<MountRoute, 'method'> & { url: string }): boolean
  hasContentTypeParser(type: string): boolean
  addContentTypeParser(type: string, parser: (request: FastifyRequest, payload: unknown, done: Done) => void): void
}

interface FastifyRequest {
  readonly is404: boolean
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly routeOptions: { readonly config?: { readonly ekiben?: unknown } }
}

type Done = (error: Error | null, body?: unknown) => void

export function bodyLimitOf(adapter: AbstractHttpAdapter | undefined): HostBodyLimit | undefined {
  const bytes = fastifyOf(adapter)?.initialConfig.bodyLimit
  return bytes === undefined ? undefined : { bytes, setting: 'bodyLimit of FastifyAdapter' }
}

/** Bodies that the app has no parser for go to the services unread; its own routes refuse them as before. */
export function passBodies(adapter: AbstractHttpAdapter): void {
  const app = fastifyOf(adapter)
  // Once all plugins are there: one of them may bring a parser of its own.
  app?.addHook('onReady', async () => {
    if (app.hasContentTypeParser('*')) return
    app.addContentTypeParser('*', (request, payload, done) => {
      if (request.routeOptions.config?.ekiben !== undefined) done(null, payload)
      else if (request.is404) done(null)
      else done(unsupported(request.headers['content-type']))
    })
  })
}

/** What Fastify itself says without such a parser. */
function unsupported(type: string | undefined): Error {
  const error = new Error(`Unsupported Media Type: ${type}`)
  return Object.assign(error, { name: 'FastifyError', code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 })
}

/** Adds probes and pages below no prefix and behind no guard; a route of the app's own stays. */
export function addSystemRoutes(adapter: AbstractHttpAdapter, mount: Mount): void {
  for (const route of mount.routes) {
    if (route.api !== undefined || isTaken(adapter, route)) continue
    adapter.get(route.path, async (_request: unknown, response: NestResponse) => {
      const answer = await mount.answer(route, { headers: {} })
      adapter.reply(response, sendAnswer(adapter, response, answer), answer.statusCode)
    })
  }
}

/** Express gives a request to the first of its routes, Fastify takes no second one. */
function isTaken(adapter: AbstractHttpAdapter, { method, path: url }: MountRoute): boolean {
  return fastifyOf(adapter)?.hasRoute({ method, url }) ?? false
}

function fastifyOf(adapter: AbstractHttpAdapter | undefined): FastifyApp | undefined {
  return adapter?.getType() === 'fastify' ? adapter.getInstance<FastifyApp>() : undefined
}
