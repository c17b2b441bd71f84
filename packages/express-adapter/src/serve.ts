import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServiceClass, ServiceClient } from '@ekiben/core'
import { createMount, type Mount, type MountOptions, type MountTarget } from '@ekiben/core/adapter'
import { chainOf, type ExpressApp, type Middleware } from './app-chain.js'
import { warnOfParser } from './parser-limit.js'
import { Place } from './place.js'
import { SystemRoutes } from './system-routes.js'
import { refuseTaken } from './taken-routes.js'

export interface ServeOptions extends Pick<MountOptions, 'dependencies' | 'errors' | 'log' | 'system' | 'uses'> {}

/** Middleware that answers the apis of services, and hands everything else on. */
export interface ServeHandler {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void
  /** Resolves when the apis can be called; rejects when a service cannot start. Without it, the first requests wait. */
  ready(): Promise<void>
  /** Calls back when the app begins to stop: by `beginDrain()`, or as a supervisor says. Long streams of its own can end then. */
  onDrain(listener: () => void): void
  /** Tells calls that run, and whoever asked by `onDrain()`, that the app begins to stop. Call it with `server.close()`. */
  beginDrain(): void
  /** Stops the services. Call it when the app's server has closed; requests that come later get 503. */
  close(): Promise<void>
  /** A typed client of a service, for the app's own routes. */
  client<TService extends ServiceClass>(service: TService): ServiceClient<TService>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Serves services in an Express app (4 or 5): each api is `POST <mount path><its route>`. What is none of these falls
 * through, and errors go to the app's error middleware.
 *
 * @example
 * app.use('/ml', serve(TextClassifier))
 *
 * @throws EKB_ERR_MOUNT_NOT_A_SERVICE, EKB_ERR_MOUNT_AND_USE, EKB_ERR_CONFIG_UNKNOWN and what is wrong with the graph;
 * `app.use()` then EKB_ERR_MOUNT_ROUTE_TAKEN
 */
export function serve(target: MountTarget, options: ServeOptions = {}): ServeHandler {
  const place = new Place()
  const mount = createMount(target, { ...options, pathOf: place.pathOf })
  const system = new SystemRoutes(mount)
  const handle: Middleware = (request, response, next) => {
    if (system.passes(request)) return next()
    if (request.method !== 'POST') place.isWhere(request)
    mount.node(request, response, next)
  }
  const close = (): Promise<void> => mount.close()
  const start = startSoon(mount)
  return Object.assign(handle, subApp({ mount, place, system, handle, start }), {
    ready: () => mount.ready(),
    onDrain: (listener: () => void) => void mount.onDrain(listener),
    beginDrain: () => mount.beginDrain(),
    close,
    client: <TService extends ServiceClass>(service: TService) => mount.client(service),
    [Symbol.asyncDispose]: close,
  })
}

/**
 * What Express looks for in an app that is used by another one: such an app is told, by an event, where it is mounted.
 * Routers tell nobody.
 */
function subApp({ mount, place, system, handle, start }: SubAppOptions): object {
  return {
    handle,
    set: true,
    emit(this: { mountpath: unknown }, _mount: string, app: ExpressApp): void {
      const before = [...chainOf(app)]
      try {
        refuseTaken(mount, before, this.mountpath)
      } catch (error) {
        if (!place.isKnown) start.cancel()
        throw error
      }
      place.isIn(app, this.mountpath)
      system.addTo(app)
      void warnOfParser(mount, before, this.mountpath)
    },
  }
}

interface SubAppOptions {
  readonly mount: Mount
  readonly place: Place
  readonly system: SystemRoutes
  readonly handle: Middleware
  readonly start: Start
}

interface Start {
  /** Where the app could not take the services: they never start, and nothing is left of the mount. */
  cancel(): void
}

/** Not in the middle of the user's set-up. What fails is answered to requests, and told by `ready()`. */
function startSoon(mount: Mount): Start {
  let isWanted = true
  queueMicrotask(() => {
    if (isWanted) mount.ready().catch(() => {})
  })
  return {
    cancel: () => {
      isWanted = false
      mount.close().catch(() => {})
    },
  }
}
