import { createError, hostRequest, type Mount, type MountOptions, type MountRoute } from '@ekiben/core/adapter'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { apiSchema } from './api-schema.js'
import { answerParserErrors } from './parser-errors.js'
import { sendAnswer } from './send-answer.js'

export interface ApiRoutesOptions extends Required<Pick<MountOptions, 'errors'>> {
  /** Are the routes to be in the app's own document? */
  readonly openapi: boolean
  /** Of the app. */
  readonly bodyLimit: number
}

/** Adds the apis of a mount to a scope of their own. */
export function addApiRoutes(scope: FastifyInstance, mount: Mount, options: ApiRoutesOptions): void {
  leaveBodiesUnread(scope)
  if (options.errors === 'ekiben') answerParserErrors(scope, mount)
  scope.addHook('onSend', (request, reply, _payload, done) => {
    // Whoever answered: a hook or a parser of the app's may have.
    if (!reply.hasHeader('x-request-id')) {
      void reply.header('x-request-id', mount.requestId({ headers: request.headers, requestId: request.id }))
    }
    done()
  })
  for (const route of mount.routes) {
    if (route.api === undefined || route.service === undefined) continue
    addRoute(scope, route, {
      bodyLimit: Math.min(route.bodyLimit, options.bodyLimit),
      config: { ekiben: { service: route.service, api: route.api } },
      ...apiSchema(options.openapi ? mount.describe(route) : undefined),
      handler: (request, reply) => answer({ mount, route }, request, reply),
    })
  }
}

type ApiRouteOptions = Omit<Parameters<FastifyInstance['route']>[0], 'method' | 'url'>

function addRoute(scope: FastifyInstance, { method, path, service, api }: MountRoute, options: ApiRouteOptions): void {
  // The scope has the prefix.
  const url = path.slice(scope.prefix.replace(/\/$/, '').length)
  try {
    scope.route({ ...options, method, url })
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'FST_ERR_DUPLICATED_ROUTE') throw error
    throw createError('EKB_ERR_MOUNT_ROUTE_TAKEN', { api: `${service}.${api}`, method, path }, { cause: error })
  }
}

/**
 * Bodies of types that the app has no parser for go to the mount as they come, past a parser of its own for all the rest
 * too: that would hold whole files in memory, and Fastify does not tell whether there is one.
 */
function leaveBodiesUnread(scope: FastifyInstance): void {
  scope.removeContentTypeParser('*')
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
}

interface Answering {
  readonly mount: Mount
  readonly route: MountRoute
}

/** By callbacks: a reply that is returned makes Fastify wait for the end of its answer. */
function answer({ mount, route }: Answering, request: FastifyRequest, reply: FastifyReply): void {
  mount.answer(route, hostRequest(request, { outgoing: reply.raw, log: request.log })).then(
    (answered) => {
      // Here and not by a further promise: one for each request is to be felt.
      try {
        void sendAnswer(reply, answered)
      } catch (error) {
        refuse(reply, error)
      }
    },
    (error: unknown) => refuse(reply, error),
  )
}

function refuse(reply: FastifyReply, error: unknown): void {
  // Its client has left: nobody is to be told.
  if (reply.raw.destroyed) return void reply.hijack()
  const { requestId } = error as { requestId?: string }
  if (requestId !== undefined) void reply.header('x-request-id', requestId)
  void reply.send(error)
}
