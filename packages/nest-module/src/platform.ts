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

interface ExpressChain {
  readonly stack: readonly { readonly handle: { readonly name: string } }[]
}

const JSON_TYPE = 'application/json'

/** What Fastify itself says of a body that it has no parser for. */
const NO_PARSER = { name: 'FastifyError', code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 }
const noParser = (type = '') => Object.assign(new Error(`Unsupported Media Type: ${type}`), NO_PARSER)

/** Warns of apis that take larger bodies than come through the app's own parser of JSON. */
async function warnOfParser(adapter: AbstractHttpAdapter, mount: Mount): Promise<void> {
  const fastify = fastifyOf(adapter)
  if (fastify !== undefined) return mount.noteBodyLimit(fastifyLimit(fastify))
  // Express 5 has its chain as `router`, a name that throws in Express 4.
  const express = adapter.getInstance<{ readonly _router?: ExpressChain; readonly router: ExpressChain }>()
  const bytes = await jsonLimitOf((express._router ?? express.router).stack.map(({ handle }) => handle))
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
    // Express gives a request to the first of its routes, Fastify takes no second one.
    if (api !== undefined || fastifyOf(adapter)?.hasRoute({ method, url })) continue
    adapter.get(url, async (_request: unknown, response: NestResponse) => {
      const answer = await mount.answer(route, { headers: {} })
      adapter.reply(response, sendAnswer(adapter, response, answer), answer.statusCode)
    })
  }
}

function fastifyOf(adapter: AbstractHttpAdapter | undefined): FastifyApp | undefined {
  return adapter !== undefined && isFastify(adapter) ? adapter.getInstance<FastifyApp>() : undefined
}
