import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server as NetServer } from 'node:net'
import type { EkibenConfig, ServeHttpProductionOptions } from '../config/serve-settings.js'
import type { MetricsOptions } from '../metrics/app-metric.js'
import type { ServiceClient } from '../service/service-client.js'
import type { ServiceClass } from '../service/service-definition.js'

/** What `build` is called with, once in each worker. */
export interface BuildContext {
  /** A typed client of a service, which runs in a pool of its own, or in this process where there is one only. */
  client<TService extends ServiceClass>(service: TService): ServiceClient<TService>
  /** Aborted when this worker begins to drain, or cannot serve. */
  readonly signal: AbortSignal
  /** Which worker this is, from 0. */
  readonly slot: number
}

/** What `build` may return. */
export type HostApp =
  /** A Fastify instance, a Nest application, an Express or Koa app, a server of Node's: whatever listens by itself. */
  | { listen(...args: never[]): unknown }
  | { readonly server: NetServer; close?(): unknown }
  | { fetch(request: Request): Response | Promise<Response> }
  | ((request: IncomingMessage, response: ServerResponse) => unknown)

export type BuildApp = (context: BuildContext) => HostApp | Promise<HostApp>

/** What an app decides by itself. */
type AppsOwn =
  | ('timeout' | 'timeoutMs' | 'accessLog' | 'cors' | 'prefix' | 'systemRoutes' | 'trustProxy')
  | ('only' | 'depends')

/** Options of `bootstrapProduction`: those of `serveHttpProduction`, and what the app needs. */
export interface BootstrapOptions extends Omit<ServeHttpProductionOptions, 'identifier' | 'services' | AppsOwn> {
  /** Services that are mounted in the app, told in advance; or settings by service name, as in the configuration file. */
  readonly services?: readonly ServiceClass[] | EkibenConfig['services']
  /** Services that the app calls, told in advance: also those that it asks for only later. */
  readonly uses?: readonly ServiceClass[]
  /**
   * The app's own metrics: what a registry of prom-client's holds in each worker is merged over the workers, and told
   * by `/metrics` beside those of the instance (`docs/metrics.md`). In one process by that of `admin`.
   */
  readonly metrics?: MetricsOptions | undefined
  /** Stop on SIGTERM and SIGINT and end the process. Default true. */
  readonly handleSignals?: boolean | undefined
}
