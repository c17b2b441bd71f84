import { pathToFileURL } from 'node:url'
import type { ServiceClass } from '@ekiben/core'
import { type ServePluginOptions, servePlugin } from '@ekiben/fastify-plugin'
import Fastify from 'fastify'
import { SERVICES } from '../helpers/serve-fixture.js'
import { type HostUnderTest, hostConformance } from './conformance.js'

async function start(options: ServePluginOptions): Promise<HostUnderTest> {
  const { Texts } = (await import(pathToFileURL(`${SERVICES}/conformance.mjs`).href)) as { Texts: ServiceClass }
  const app = Fastify()
  app.register(servePlugin, { service: Texts, system: 'all', ...options })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return { url, stop: () => app.close() }
}

hostConformance('Fastify', () => start({ errors: 'ekiben' }), { noMethodNotAllowed: true })
hostConformance("Fastify, with errors of Fastify's", () => start({}), { noMethodNotAllowed: true, ownErrors: true })
