import { type ConformanceService, type HostUnderTest, hostConformance } from '@ekiben/core/testing'
import { type ServePluginOptions, servePlugin } from '@ekiben/fastify-plugin'
import Fastify from 'fastify'

async function start({ service }: ConformanceService, options: ServePluginOptions): Promise<HostUnderTest> {
  const app = Fastify()
  app.register(servePlugin, { service, system: 'all', ...options })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return { url, stop: () => app.close() }
}

hostConformance((given) => start(given, { errors: 'ekiben' }), { name: 'Fastify', ownNotFound: true })
hostConformance((given) => start(given, {}), {
  name: "Fastify, with errors of Fastify's",
  ownNotFound: true,
  ownErrors: true,
})
