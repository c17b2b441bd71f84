export { bootstrapProduction } from '@ekiben/core'
export type { EkibenDecorator } from './app-mounts.js'
export type { ServePluginOptions } from './plugin-options.js'
export { servePlugin as default, servePlugin } from './serve-plugin.js'
