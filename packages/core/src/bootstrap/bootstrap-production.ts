import { entryFile } from '../entry-file.js'
import { createError } from '../errors/service-error.js'
import { describeValue } from '../graph/resolve-target.js'
import { appHost } from '../hosting/app-host.js'
import type { Server } from '../supervisor/server.js'
import type { BootstrapOptions, BuildApp } from './bootstrap-options.js'
import { entryRole } from './entry-role.js'

/**
 * Runs a host app under a supervisor, with the app's own main file in charge. The first process becomes the supervisor,
 * and runs the same file once for each worker; there `build` makes the app, which is served on the shared socket through
 * its own `listen` where it has one. What stands before this call in the file runs in every process.
 *
 * Without `NODE_ENV=production`, and without a supervisor above it, the app runs in this process alone, and the services
 * it calls with it.
 *
 * @returns the running server, in the supervisor and in one process; in a worker it never resolves.
 * @throws a `ServiceError` for any failure to start (`docs/errors.md`).
 * @example
 * await bootstrapProduction(async ({ client }) => (await import('./app.js')).makeApp(client(TextClassifier)), {
 *   port: 3000,
 *   apiWorkers: 4,
 * })
 */
export async function bootstrapProduction(build: BuildApp, options: BootstrapOptions = {}): Promise<Server> {
  const role = entryRole()
  if (role.call !== undefined) {
    role.call.resolve()
    return forever()
  }
  const host = appHost()
  try {
    if (role.called) throw createError('EKB_ERR_BOOTSTRAP_TWICE', {})
    role.called = true
    if (typeof build !== 'function') {
      const at = { source: 'bootstrapProduction()', key: 'build', value: describeValue(build) }
      throw createError('EKB_ERR_CONFIG_INVALID', { ...at, expected: 'a function that returns an app' })
    }
  } catch (error) {
    if (host === undefined) throw error
    await host.fail(error)
    return forever()
  }
  if (host !== undefined) {
    await load<typeof import('./serve-app.js')>('serve-app').serveApp(host, build, options)
    return forever()
  }
  const { readAppSettings, superviseApp } = load<typeof import('./supervise-app.js')>('supervise-app')
  const app = await readAppSettings(options)
  if (process.env.NODE_ENV === 'production') return superviseApp(app)
  return load<typeof import('./run-alone.js')>('run-alone').runAlone(build, app)
}

/** By path: each is in a bundle of its own, and no process needs more than one or two of them. */
function load<TModule>(name: string): TModule {
  return require(entryFile(`bootstrap/${name}`)) as TModule
}

/** In a worker what stands after the call is for others. */
function forever(): Promise<never> {
  return new Promise(() => {})
}
