export type { EkibenConfig, ServeHttpProductionOptions } from './config/serve-settings.js'
export type { InstanceStatus, ServiceStatus, WorkerStatus } from './supervisor/instance-status.js'
export { serveHttpProduction } from './supervisor/serve-http-production.js'
export type { Server, ServerClosed } from './supervisor/server.js'
