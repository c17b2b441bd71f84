import type {} from 'fastify'
import type { EkibenDecorator } from './app-mounts.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Clients of services, once `servePlugin` is registered. */
    ekiben: EkibenDecorator
  }
  interface FastifyContextConfig {
    /** Which api of which service a route runs. */
    ekiben?: { readonly service: string; readonly api: string }
  }
}
