/** Metadata of a generated controller: the service it stands for. */
export const SERVICE_OF_CONTROLLER = 'ekiben:service'
/** Metadata of a handler, for guards and interceptors as well: `{ service, api }`. */
export const API_OF_HANDLER = 'ekiben:api'
/** Marks what `fromModule` made, by a name that both builds of this package know. */
export const kFromModule: unique symbol = Symbol.for('ekiben.nest.from-module') as never
