export {
  type CorsOptions,
  type EkibenConfig,
  exitCodeOf,
  type InstanceStatus,
  type ServeHttpProductionOptions,
  type Server,
  type ServerClosed,
  type ServiceStatus,
  serveHttpProduction,
  type WorkerStatus,
} from '../build/serving.js'
