import { type ConformanceService, type HostUnderTest, hostConformance } from '@ekiben/core/testing'
import { ServeModule, type ServeModuleOptions } from '@ekiben/nest-module'
import { Module } from '@nestjs/common'
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { silentLog } from '../helpers/silent-log.js'

type Options = Pick<ServeModuleOptions, 'errors'>

async function start(
  { service }: ConformanceService,
  adapter: AbstractHttpAdapter,
  options: Options,
): Promise<HostUnderTest> {
  class AppModule {}
  Module({ imports: [ServeModule.forRoot({ services: [service], system: 'all', log: silentLog, ...options })] })(
    AppModule,
  )
  const app = await NestFactory.create(AppModule, adapter, { logger: false, abortOnError: false })
  await app.listen(0, '127.0.0.1')
  return { url: await app.getUrl(), stop: () => app.close() }
}

const PLATFORMS = {
  Express: { makeAdapter: () => new ExpressAdapter(), poweredBy: true },
  Fastify: { makeAdapter: () => new FastifyAdapter(), poweredBy: false },
}

for (const [name, { makeAdapter, poweredBy }] of Object.entries(PLATFORMS)) {
  const traits = { poweredBy, ownNotFound: true, ownParsers: true }
  hostConformance((given) => start(given, makeAdapter(), { errors: 'ekiben' }), { ...traits, name: `Nest on ${name}` })
  hostConformance((given) => start(given, makeAdapter(), {}), {
    ...traits,
    name: `Nest on ${name}, with its own errors`,
    ownErrors: true,
  })
}
