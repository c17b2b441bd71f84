import type { ApiDefinition, JsonSchema, ServiceDefinition } from '../service/service-definition.js'
import { answer } from './answer.js'
import { isObject, mapSchema } from './map-schema.js'
import { requestBody } from './request-body.js'
import type { SchemaSource } from './schema-source.js'

/** What media types a body comes in, each with its schema. */
export type BodyContent = Readonly<Record<string, { readonly schema?: JsonSchema }>>

/** An api as an operation of an OpenAPI 3.1 document, with nothing in it that refers to the rest of one. */
export interface ApiDescription {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly description?: string
  readonly deprecated?: boolean
  readonly requestBody: { readonly description: string; readonly required: boolean; readonly content: BodyContent }
  readonly response: { readonly description: string; readonly content: BodyContent }
}

/** For documents that a host makes of its own routes. */
export function describeApi({ name }: ServiceDefinition, api: ApiDefinition): ApiDescription {
  const { headers: _, ...response } = answer(api, inPlace) as ApiDescription['response'] & { headers: unknown }
  return {
    operationId: `${name}.${api.name}`,
    tags: [name],
    ...(api.description !== undefined && { description: api.description }),
    ...(api.deprecated && { deprecated: true }),
    requestBody: requestBody(api, inPlace) as ApiDescription['requestBody'],
    response,
  }
}

const inPlace = { add: (_name: string, source: SchemaSource) => expand(source.places.get('#'), source, []) }

/** With what it refers to in the place of references; a schema that holds itself ends where it comes again. */
function expand(schema: unknown, source: SchemaSource, around: readonly string[]): JsonSchema {
  return mapSchema(schema, (each) => {
    const { $ref, ...beside } = each
    const target = typeof $ref === 'string' ? source.targetOf($ref) : undefined
    if (target === undefined) return each
    const place = source.places.get(target.place)
    if (target.rest !== '' || around.includes(target.place) || !isObject(place)) return beside
    return { ...expand(place, source, [...around, target.place]), ...beside }
  }) as JsonSchema
}
