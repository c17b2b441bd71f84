import { createServer, type RequestListener } from 'node:http'
import { Server } from 'node:net'
import { createError } from '../errors/service-error.js'
import { describeValue } from '../graph/resolve-target.js'
import { definitionOf } from '../service/registry.js'
import { type Fetch, fetchListener } from './fetch-listener.js'

/** An app of any kind, as it is run: it listens once, by its own means, and may have something to close. */
export interface RunnableApp {
  /** Resolves, with the server that listens, when it does. */
  listen(where: ListenWhere): Promise<Server>
  readonly close: (() => unknown) | undefined
}

/** A port, or a Unix socket. */
export type ListenWhere = { readonly port: number; readonly host: string } | { readonly path: string }

/** What is looked for in what `build` returned. */
interface Parts {
  readonly listen?: unknown
  readonly ready?: unknown
  readonly server?: unknown
  readonly fetch?: unknown
  readonly close?: unknown
  readonly getHttpServer?: unknown
  /** Of a Nest application, with or without an HTTP server. */
  readonly select?: unknown
  readonly resolve?: unknown
}

const FASTIFY = 'The Fastify instance'
const NEST = 'The Nest application'

type Method = (...args: unknown[]) => unknown

/**
 * What `build` returned, as an app that can be run.
 *
 * @throws EKB_ERR_BOOTSTRAP_RESULT, EKB_ERR_BOOTSTRAP_LISTENING, EKB_ERR_BOOTSTRAP_NO_HTTP
 */
export function toRunnableApp(value: unknown): RunnableApp {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) throw noApp(describeValue(value))
  if (definitionOf(value) !== undefined) throw noApp(`the service ${(value as { name: string }).name}`)
  if (value instanceof Server) return serverApp(value, undefined)
  const parts = value as Parts
  if (isMethod(parts.getHttpServer) && isMethod(parts.listen)) return nestApp(value)
  if (isMethod(parts.select) && isMethod(parts.resolve)) throw createError('EKB_ERR_BOOTSTRAP_NO_HTTP', {})
  if (isMethod(parts.listen) && isMethod(parts.ready) && parts.server instanceof Server) return fastifyApp(value)
  if (isMethod(parts.listen)) return listeningApp(value)
  if (parts.server instanceof Server) return serverApp(parts.server, closeOf(value))
  if (isMethod(parts.fetch)) {
    return serverApp(createServer(fetchListener(parts.fetch.bind(value) as Fetch)), closeOf(value))
  }
  if (typeof value === 'function' && !isClass(value))
    return serverApp(createServer(value as RequestListener), undefined)
  throw noApp(typeof value === 'function' ? `the class ${value.name}` : describeValue(value))
}

function serverApp(server: Server, close: RunnableApp['close']): RunnableApp {
  refuseListening(server, 'The server')
  return { listen: (where) => whenListening(server, () => server.listen(where)), close }
}

function fastifyApp(app: object): RunnableApp {
  const { listen, server } = app as { listen: Method; server: Server }
  refuseListening(server, FASTIFY)
  return {
    listen: async (where) => {
      await heed(listen.call(app, where), FASTIFY)
      return server
    },
    close: closeOf(app),
  }
}

function nestApp(app: object): RunnableApp {
  const { listen, getHttpServer } = app as { listen: Method; getHttpServer: Method }
  refuseListening(getHttpServer.call(app), NEST)
  return {
    listen: async (where) => {
      await heed(listen.call(app, ...toArguments(where)), NEST)
      return getHttpServer.call(app) as Server
    },
    close: closeOf(app),
  }
}

/** Express, Koa and their like: what their `listen` gives is a server, which tells when it listens. */
function listeningApp(app: object): RunnableApp {
  const { listen } = app as { listen: Method }
  return {
    listen: async (where) => {
      const listening = listen.call(app, ...toArguments(where))
      // Not before an error can be heard.
      const server = listening instanceof Server ? listening : await listening
      if (!(server instanceof Server)) throw noApp(`${describeValue(app)} whose listen() gives no server`)
      return server.listening ? server : whenListening(server, () => {})
    },
    // Of Express' own kind there is none; where there is one, it is the app's.
    close: closeOf(app),
  }
}

function toArguments(where: ListenWhere): readonly unknown[] {
  return 'path' in where ? [where] : [where.port, where.host]
}

function whenListening(server: Server, listen: () => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(error)
    server.once('error', onError)
    server.once('listening', () => {
      server.off('error', onError)
      resolve(server)
    })
    try {
      listen()
    } catch (error) {
      reject(toListening(error, 'The server'))
    }
  })
}

function refuseListening(server: unknown, what: string): void {
  if (server instanceof Server && server.listening) throw createError('EKB_ERR_BOOTSTRAP_LISTENING', { what })
}

async function heed(listening: unknown, what: string): Promise<void> {
  try {
    await listening
  } catch (error) {
    throw toListening(error, what)
  }
}

/** `listen` was called in `build`, and waits there for what comes after it. */
function toListening(error: unknown, what: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ERR_SERVER_ALREADY_LISTEN' ? createError('EKB_ERR_BOOTSTRAP_LISTENING', { what }) : error
}

function closeOf(app: object): RunnableApp['close'] {
  const { close } = app as Parts
  return isMethod(close) ? () => close.call(app) : undefined
}

function isMethod(value: unknown): value is Method {
  return typeof value === 'function'
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value))
}

function noApp(received: string): Error {
  return createError('EKB_ERR_BOOTSTRAP_RESULT', { received })
}
