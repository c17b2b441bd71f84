import type { ServeSettings } from '../config/serve-settings.js'
import { createError } from '../errors/service-error.js'
import { describeValue } from '../graph/resolve-target.js'
import { type AppHost, appHost } from '../hosting/app-host.js'
import type { Server } from '../supervisor/server.js'
import type { BootstrapOptions, BuildApp } from './bootstrap-options.js'
import { type EntryRole, entryRole } from './entry-role.js'
import { loadOwn } from './load-own.js'

/**
 * Runs a host app under a supervisor, with the app's own main file in charge. The first process becomes the supervisor,
 * and runs the same file once for each worker; there `build` makes the app, which is served on the shared socket through
 * its own `listen` where it has one. What stands before this call in the file runs in every process.
 *
 * Without `NODE_ENV=production`, and without a supervisor above it, the app runs in this process alone, and the services
 * it calls with it; with `reload` or `inspect` they run in another together, which this one starts anew.
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
  if (role.first !== undefined) return refuseSecond(role, host)
  role.first = host === undefined ? start(build, options) : serve(host, build, options)
  return role.first
}

async function start(build: BuildApp, options: BootstrapOptions): Promise<Server> {
  try {
    checkBuild(build)
    const { readAppSettings, superviseApp } = loadOwn<typeof import('./supervise-app.js')>('supervise-app')
    const app = await readAppSettings(options)
    if (isSupervised(app.settings)) return await superviseApp(app)
    return await loadOwn<typeof import('./run-alone.js')>('run-alone').runAlone(build, app)
  } catch (error) {
    if (options.handleSignals !== false) await endUncaught(error)
    throw error
  }
}

/** Does a process of its own stand above the app? In development only where it has something to hold for it. */
function isSupervised({ developmentMode, reload, inspect, serviceManager }: ServeSettings): boolean {
  return !developmentMode || reload || inspect !== undefined || serviceManager.sockets?.forUs === true
}

async function serve(host: AppHost, build: BuildApp, options: BootstrapOptions): Promise<never> {
  try {
    checkBuild(build)
    await loadOwn<typeof import('./serve-app.js')>('serve-app').serveApp(host, build, options)
  } catch (error) {
    await host.fail(error)
  }
  return forever()
}

/** What the first call has started ends; a worker fails to boot. */
async function refuseSecond(role: EntryRole, host: AppHost | undefined): Promise<never> {
  const error = createError('EKB_ERR_BOOTSTRAP_TWICE', {})
  if (host !== undefined) {
    await host.fail(error)
    return forever()
  }
  role.refused = true
  await endUncaught(error)
  await role.first?.then(
    (server) => server.stop(),
    () => {},
  )
  throw error
}

/** Its code is loaded where there is an error to tell. */
async function endUncaught(error: unknown): Promise<void> {
  const own = await import('./end-uncaught.js')
  own.endUncaught(error)
}

function checkBuild(build: unknown): void {
  if (typeof build === 'function') return
  const at = { source: 'bootstrapProduction()', key: 'build', value: describeValue(build) }
  throw createError('EKB_ERR_CONFIG_INVALID', { ...at, expected: 'a function that returns an app' })
}

/** In a worker what stands after the call is for others. */
function forever(): Promise<never> {
  return new Promise(() => {})
}
