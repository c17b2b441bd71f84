export {
  type EkibenConfig,
  type InstanceStatus,
  type ServeHttpProductionOptions,
  type Server,
  type ServerClosed,
  type ServiceStatus,
  serveHttpProduction,
  type WorkerStatus,
} from '../dist/serving.js'
