export { bootstrapProduction } from '@ekiben/core'
export { type ServeHandler, type ServeOptions, serve } from './serve.js'
export { type UsedService, type UseServiceOptions, useService } from './use-service.js'
