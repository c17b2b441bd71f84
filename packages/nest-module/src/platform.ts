import type { IncomingHttpHeaders } from 'node:http'
import { createError, type HostBodyLimit, jsonLimitOf, type Mount } from '@ekiben/core/adapter'
import type { AbstractHttpAdapter } from '@nestjs/core'
import { isFastify, type NestResponse, sendAnswer } from './send-answer.js'

type FastifyRequest = { is404: boolean; headers: IncomingHttpHeaders; routeOptions: { config?: object } }
type Done = (error: Error | null, body?: unknown) => void

/** What is used of Fastify, which an app on Express does not have. */
interface FastifyApp {
  readonly initialConfig: { readonly bodyLimit?: number }
  readonly [own: symbol]: FastifyParsers | undefined
  addHook(name: 'onReady', hook: () => Promise<void>): void
  hasRoute(route: { method: string; url: string }): boolean
  hasContentTypeParser(type: string): boolean
  addContentTypeParser(type: string, parser: (request: FastifyRequest, payload: unknown, done: Done) => void): void
}

interface FastifyParsers {
  readonly customParsers?: ReadonlyMap<string, { readonly bodyLimit?: number }>
}

interface ExpressLayer {
  readonly handle: { readonly name: string }
  readonly route?: { readonly path: unknown; readonly methods: Readonly<Record<string, boolean>> }
}

interface ExpressChain {
  readonly stack: ExpressLayer[]
}

type HeadOfRequest = { readonly headers: IncomingHttpHeaders }

const JSON_TYPE = 'application/json'

/** What Fastify itself says of a body that it has no parser for. */
const NO_PARSER = { name: 'FastifyError', code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 }
const noParser = (type = '') => Object.assign(new Error(`Unsupported Media Type: ${type}`), NO_PARSER)

/** Warns of apis that take larger bodies than come through the app's own parser of JSON. */
async function warnOfParser(adapter: AbstractHttpAdapter, mount: Mount): Promise<void> {
  const fastify = fastifyOf(adapter)
  if (fastify !== undefined) return mount.noteBodyLimit(fastifyLimit(fastify))
  const bytes = await jsonLimitOf(expressChain(adapter).map(({ handle }) => handle))
  mount.noteBodyLimit({ bytes, setting: "the limit of app.useBodyParser('json', { limit })" })
}

/** `useBodyParser()` may have given the parser a limit of its own, which only Fastify's own store of parsers tells. */
function fastifyLimit(app: FastifyApp): HostBodyLimit {
  const { bodyLimit = Number.POSITIVE_INFINITY } = app.initialConfig
  const key = Object.getOwnPropertySymbols(app).find(({ description }) => description === 'fastify.contentTypeParser')
  const bytes = app[key ?? Symbol()]?.customParsers?.get(JSON_TYPE)?.bodyLimit
  if (bytes === undefined || bytes === bodyLimit) return { bytes: bodyLimit, setting: 'bodyLimit of FastifyAdapter' }
  return { bytes, setting: `the bodyLimit of app.useBodyParser('${JSON_TYPE}', { bodyLimit })` }
}

/** After the app's routes are there, and before its answer to all else. */
export function prepare(adapter: AbstractHttpAdapter | undefined, mount: Mount): void {
  const services = [...new Set(mount.routes.flatMap(({ service }) => service ?? []))]
  if (services.length === 0) return
  if (!adapter) throw createError('EKB_ERR_NEST_NO_HTTP_ADAPTER', { services })
  const platform = adapter.getType()
  if (!['express', 'fastify'].includes(platform)) throw createError('EKB_ERR_NEST_PLATFORM', { services, platform })
  passBodies(fastifyOf(adapter))
  addSystemRoutes(adapter, mount)
  void warnOfParser(adapter, mount)
}

/** Bodies that the app has no parser for go to the services unread; its own routes refuse them as before. */
function passBodies(app: FastifyApp | undefined): void {
  // Once all plugins are there: one of them may bring a parser of its own.
  app?.addHook('onReady', async () => {
    if (app.hasContentTypeParser('*')) return
    app.addContentTypeParser('*', ({ routeOptions, is404, headers }, payload, done) => {
      if ('ekiben' in (routeOptions.config ?? {})) done(null, payload)
      else done(is404 ? null : noParser(headers['content-type']))
    })
  })
}

/** Adds probes and pages below no prefix and behind no guard; a route of the app's own stays. */
function addSystemRoutes(adapter: AbstractHttpAdapter, mount: Mount): void {
  for (const route of mount.routes) {
    const { method, path: url, api } = route
    if (api !== undefined || fastifyOf(adapter)?.hasRoute({ method, url })) continue
    const chain = fastifyOf(adapter) === undefined ? expressChain(adapter) : []
    if (chain.some((layer) => isOwn(layer, url))) continue
    const before = chain.findIndex((layer) => layer.route !== undefined)
    adapter.get(url, async ({ headers }: HeadOfRequest, response: NestResponse) => {
      const answer = await mount.answer(route, { headers })
      adapter.reply(response, sendAnswer(adapter, response, answer), answer.statusCode)
    })
    // A pattern of the app's, such as one for the pages of a browser's app, takes nothing from them.
    if (before !== -1) chain.splice(before, 0, ...chain.splice(-1))
  }
}

/** Has the app a route for exactly this, and not by a pattern? */
function isOwn({ route }: ExpressLayer, url: string): boolean {
  if (route === undefined || ![route.path].flat().includes(url)) return false
  return route.methods.get === true || route.methods._all === true
}

/** Express 5 has its chain as `router`, a name that throws in Express 4. */
function expressChain(adapter: AbstractHttpAdapter): ExpressLayer[] {
  const app = adapter.getInstance<{ readonly _router?: ExpressChain; readonly router: ExpressChain }>()
  return (app._router ?? app.router).stack
}

function fastifyOf(adapter: AbstractHttpAdapter | undefined): FastifyApp | undefined {
  return adapter !== undefined && isFastify(adapter) ? adapter.getInstance<FastifyApp>() : undefined
}
