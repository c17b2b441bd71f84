/** A route of a Nest app on Fastify, by hand or mounted: see nest-app.mjs. */
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { serveNest } from './nest-app.mjs'

export const close = await serveNest(new FastifyAdapter(), import.meta.url)
