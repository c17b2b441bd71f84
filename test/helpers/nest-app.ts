import { type INestApplication, type LogLevel, Module, type ModuleMetadata, type Type } from '@nestjs/common'
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'

/** What Nest runs on, by name. */
export const PLATFORMS: Readonly<Record<string, () => AbstractHttpAdapter>> = {
  Express: () => new ExpressAdapter(),
  Fastify: () => new FastifyAdapter(),
}

export interface NestAppOptions {
  /** Before it is initialised, as in main.ts. */
  readonly set?: (app: INestApplication) => void
  readonly logger?: LogLevel[] | false
}

export interface RunningNest extends AsyncDisposable {
  readonly app: INestApplication
  readonly url: string
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
}

/** A module, decorated as a function: what compiles the tests knows no decorators of TypeScript's own. */
export function moduleOf(metadata: ModuleMetadata): Type {
  class AppModule {}
  Module(metadata)(AppModule)
  return AppModule
}

/** A Nest app that listens on a free port of loopback. Give it to `await using`. */
export async function startNest(
  adapter: AbstractHttpAdapter,
  metadata: ModuleMetadata,
  { set, logger = false }: NestAppOptions = {},
): Promise<RunningNest> {
  const app = await NestFactory.create(moduleOf(metadata), adapter, { logger, abortOnError: false })
  set?.(app)
  await app.listen(0, '127.0.0.1')
  const url = await app.getUrl()
  return {
    app,
    url,
    post: (path, body = {}, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    [Symbol.asyncDispose]: () => app.close(),
  }
}
