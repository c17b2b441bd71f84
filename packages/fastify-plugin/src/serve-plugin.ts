import type { ServiceClass } from '@ekiben/core'
import { createError, createMount, type Mount } from '@ekiben/core/adapter'
import type { FastifyInstance, FastifyPluginAsync, FastifyPluginCallback } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { addApiRoutes } from './api-routes.js'
import { mountsOf, rootOf } from './app-mounts.js'
import { addLifecycle } from './lifecycle.js'
import { type ReadOptions, readOptions, type ServePluginOptions } from './plugin-options.js'
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
  const options = readOptions(typeof given === 'function' ? { service: given } : given)
  const { services, prefix = '', logLevel, logSerializers } = options
  const root = rootOf(app)
  const mount = mountOf(app, root, options)
  try {
    addLifecycle(app, mount)
    mountsOf(root).push({ mount, services })
    addSystemRoutes(root, mount)
    const routes: FastifyPluginCallback = (scope, _options, done) =>
      done(failureOf(() => addApiRoutes(scope, mount, options)))
    await app.register(routes, {
      prefix,
      ...(logLevel !== undefined && { logLevel }),
      ...(logSerializers !== undefined && { logSerializers }),
    })
  } catch (error) {
    await mount.close()
    throw toLate(error, services)
  }
}

function mountOf(app: FastifyInstance, root: FastifyInstance, options: ReadOptions): Mount {
  const { services, prefix = '', uses, dependencies, errors, system } = options
  return createMount(services, {
    // Fastify puts it before the paths; for the documents it is known here.
    prefix: `${app.prefix}/${prefix}`.replaceAll(/\/{2,}/g, '/'),
    scope: root,
    log: app.log,
    hostBodyLimit: {
      bytes: root.initialConfig.bodyLimit ?? Number.POSITIVE_INFINITY,
      setting: 'bodyLimit of Fastify()',
    },
    ...(uses !== undefined && { uses }),
    ...(dependencies !== undefined && { dependencies }),
    ...(errors !== undefined && { errors }),
    ...(system !== undefined && { system }),
  })
}

/** Fastify's word for it when the plugin was called in an app that has started. */
function toLate(error: unknown, services: readonly ServiceClass[]): unknown {
  if ((error as { code?: unknown }).code !== 'FST_ERR_INSTANCE_ALREADY_LISTENING') return error
  return createError('EKB_ERR_MOUNT_LATE', { services: services.map(({ name }) => name) }, { cause: error })
}

/** What it throws: Fastify lets a plugin that throws at once crash the process. */
function failureOf(run: () => void): Error | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return error as Error
  }
}
