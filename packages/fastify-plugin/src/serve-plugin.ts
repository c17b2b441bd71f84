import type { ServiceClass } from '@ekiben/core'
import { createError, createMount } from '@ekiben/core/adapter'
import type { FastifyInstance, FastifyPluginAsync, FastifyPluginCallback } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { addApiRoutes } from './api-routes.js'
import { mountsOf, rootOf } from './app-mounts.js'
import { addLifecycle } from './lifecycle.js'
import { readOptions, type ServePluginOptions } from './plugin-options.js'
import { addSystemRoutes } from './system-routes.js'

/**
 * Serves services in a Fastify app (5): each api is `POST <prefix><its route>`, a route like the app's own. Gives the app
 * `app.ekiben.client(Service)`.
 *
 * @example
 * app.register(servePlugin, TextClassifier)
 * app.register(servePlugin, { services: [TextClassifier], uses: [Embedder], prefix: '/ml' })
 *
 * Loading rejects with EKB_ERR_CONFIG_UNKNOWN, EKB_ERR_MOUNT_NOT_A_SERVICE, EKB_ERR_MOUNT_AND_USE,
 * EKB_ERR_MOUNT_ROUTE_TAKEN, EKB_ERR_MOUNT_LATE and what is wrong with the graph; `ready()` with why a service cannot start.
 */
export const servePlugin: FastifyPluginAsync<ServePluginOptions | ServiceClass> = fastifyPlugin(serve, {
  fastify: '5.x',
  name: '@ekiben/fastify-plugin',
})

async function serve(app: FastifyInstance, given: ServePluginOptions | ServiceClass): Promise<void> {
  // Fastify calls a service that is given as the options; whoever calls the plugin may not.
  const {
    services,
    prefix,
    openapi,
    register,
    mount: options,
  } = readOptions(typeof given === 'function' ? { service: given } : given)
  const root = rootOf(app)
  const { bodyLimit = Number.POSITIVE_INFINITY } = root.initialConfig
  const mount = createMount(services, {
    ...options,
    // Fastify puts it before the paths; documents tell it.
    prefix: `${app.prefix}/${prefix}`.replaceAll(/\/{2,}/g, '/'),
    scope: root,
    log: app.log,
    hostBodyLimit: { bytes: bodyLimit, setting: 'bodyLimit of Fastify()' },
  })
  const routes: FastifyPluginCallback = (scope, _options, done) => {
    // Fastify lets a plugin that throws at once crash the process.
    try {
      addApiRoutes(scope, mount, { openapi, bodyLimit, errors: options.errors ?? 'host' })
      done()
    } catch (error) {
      done(error as Error)
    }
  }
  try {
    addLifecycle(app, root, mount)
    const mounts = mountsOf(root)
    await app.register(routes, { ...register, prefix })
    addSystemRoutes(root, mount)
    mounts.push({ mount, services })
  } catch (error) {
    await mount.close()
    // Fastify's word for it when the plugin was called in an app that has started.
    if ((error as { code?: unknown }).code !== 'FST_ERR_INSTANCE_ALREADY_LISTENING') throw error
    throw createError('EKB_ERR_MOUNT_LATE', { services: services.map(({ name }) => name) }, { cause: error })
  }
}
