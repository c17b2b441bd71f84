import { schemaHash } from '../graph/schema-hash.js'
import type { ApiDefinition, ServiceDefinition } from '../service/service-definition.js'
import { answer } from './answer.js'
import { ERROR_SCHEMAS, errorComponents, errorReferences, HEADERS } from './error-answers.js'
import { requestBody } from './request-body.js'
import { SchemaComponents } from './schema-components.js'

const REQUEST_ID_PARAMETER = {
  name: 'x-request-id',
  in: 'header',
  description: 'An id of your own for this request: up to 128 letters, digits, _ . : and -',
  schema: { type: 'string' },
}

/** `/docs.json`: the apis of a service as OpenAPI 3.1. */
export function openapiDocument(definition: ServiceDefinition): object {
  const components = new SchemaComponents(ERROR_SCHEMAS)
  const hasDependencies = Object.keys(definition.dependencies).length > 0
  const surroundings = { definition, components, hasDependencies }
  const paths = Object.fromEntries(
    Object.values(definition.apis).map((api) => [api.route, { post: operation(api, surroundings) }]),
  )
  return {
    openapi: '3.1.0',
    // The version of what callers see: it changes when that does.
    info: { title: definition.name, version: schemaHash(definition) },
    // Relative to this document, so that it holds behind a proxy's prefix too.
    servers: [{ url: '.' }],
    tags: [{ name: definition.name }],
    paths,
    components: {
      schemas: components.schemas,
      responses: errorComponents(hasDependencies),
      parameters: { RequestId: REQUEST_ID_PARAMETER },
      headers: HEADERS,
    },
  }
}

interface Surroundings {
  readonly definition: ServiceDefinition
  readonly components: SchemaComponents
  readonly hasDependencies: boolean
}

function operation(api: ApiDefinition, { definition, components, hasDependencies }: Surroundings): object {
  return {
    operationId: api.name,
    tags: [definition.name],
    ...(api.description !== undefined && { description: api.description }),
    ...(api.deprecated && { deprecated: true }),
    ...(api.stream && { 'x-ekiben-stream': true }),
    ...(api.idempotent && { 'x-ekiben-idempotent': true }),
    parameters: [{ $ref: '#/components/parameters/RequestId' }],
    requestBody: requestBody(api, components),
    responses: { 200: answer(api, components), ...errorReferences(hasDependencies) },
  }
}
