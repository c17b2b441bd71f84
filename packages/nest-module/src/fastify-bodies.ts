import type { HostBodyLimit } from '@ekiben/core/adapter'
import type { AbstractHttpAdapter } from '@nestjs/core'

/** What is used of Fastify, which an app on Express does not have. */
interface FastifyApp {
  readonly initialConfig: { readonly bodyLimit?: number }
  addHook(name: 'onReady', hook: () => Promise<void>): void
  hasContentTypeParser(type: string): boolean
  addContentTypeParser(type: string, parser: (request: FastifyRequest, payload: unknown, done: Done) => void): void
}

interface FastifyRequest {
  readonly is404: boolean
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly routeOptions: { readonly config?: { readonly ekiben?: unknown } }
}

type Done = (error: Error | null, body?: unknown) => void

/** What the routes of services have in Fastify's own configuration of a route. */
export const FASTIFY_CONFIG = '__fastify_route_config__'

export function bodyLimitOf(adapter: AbstractHttpAdapter | undefined): HostBodyLimit | undefined {
  const app = fastifyOf(adapter)
  const bytes = app?.initialConfig.bodyLimit
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

function fastifyOf(adapter: AbstractHttpAdapter | undefined): FastifyApp | undefined {
  return adapter?.getType() === 'fastify' ? (adapter.getInstance() as FastifyApp) : undefined
}
