import 'reflect-metadata'

export { bootstrapProduction } from '@ekiben/core'
export { fromModule } from './from-module.js'
export { ServeModule, type ServeModuleAsyncOptions, type ServeModuleOptions } from './serve.module.js'
export { getServiceToken, InjectService } from './service-token.js'
