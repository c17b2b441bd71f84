// First: decorators are evaluated with Symbol.metadata in place.
import './decorators/metadata.js'

export type { BootstrapOptions, BuildApp, BuildContext, HostApp } from './bootstrap/bootstrap-options.js'
export { bootstrapProduction } from './bootstrap/bootstrap-production.js'
export { type RemoteAnswer, ServiceCallError } from './call/service-call-error.js'
export { type ApiDecorator, api } from './decorators/api.js'
export { depends } from './decorators/depends.js'
export { type ServiceDecorator, service } from './decorators/service.js'
export type { ErrorCode } from './errors/catalogue.js'
export {
  type ErrorOrigin,
  isServiceError,
  ServiceError,
  type ServiceErrorOptions,
} from './errors/service-error.js'
export { type ResolveServiceOptions, resolveService } from './identifier/resolve-service.js'
export type { MetricsOptions, MetricsRegistry } from './metrics/app-metric.js'
export type { Logger } from './observe/logger.js'
export type { CallContext, CookieOptions, ResponseControl } from './service/call-context.js'
export {
  type DefinedService,
  type DefineServiceOptions,
  defineService,
} from './service/define-service.js'
export type { CallOptions, ServiceClient } from './service/service-client.js'
export type {
  ApiOptions,
  DependencyDecorator,
  DependencyOption,
  DependencyTarget,
  DependsOptions,
  JsonSchema,
  MountFactory,
  RemoteTarget,
  RequestHandler,
  ResourceOptions,
  RestartOptions,
  ServiceClass,
  ServiceOptions,
  SupervisionOptions,
  TrafficOptions,
} from './service/service-definition.js'
export type { StandardSchemaV1 } from './service/standard-schema.js'
