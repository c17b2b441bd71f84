// The ES module face of the one CommonJS build: names are listed so that import finds them without reading the code.
export {
  api,
  bootstrapProduction,
  defineService,
  depends,
  isServiceError,
  resolveService,
  ServiceCallError,
  ServiceError,
  service,
} from '../dist/index.js'
