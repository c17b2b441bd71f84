/** Metadata of a generated controller: the service it stands for. */
export const SERVICE_OF_CONTROLLER = 'ekiben:service'
/** Metadata of a handler, for guards and interceptors as well: `{ service, api }`. */
export const API_OF_HANDLER = 'ekiben:api'
/** Metadata of a handler, of Nest's: the status that it answers with. */
export const HTTP_CODE = '__httpCode__'
/** And what Fastify is told of its route: the routes of services say there which api they run. */
export const FASTIFY_CONFIG = '__fastify_route_config__'
/** Marks what `fromModule` made, by a name that both builds of this package know. */
export const kFromModule: unique symbol = Symbol.for('ekiben.nest.from-module') as never
