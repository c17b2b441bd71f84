import type { AnySchema, JsonSchema } from '../service/service-definition.js'
import type { StandardSchemaV1 } from '../service/standard-schema.js'

/** Is it a Standard Schema? (Some libraries' schemas are functions.) */
export function isStandardSchema(schema: AnySchema): schema is StandardSchemaV1 {
  return '~standard' in schema
}

/** A part without a JSON form (a date, a Map, a transform) may be anything; the rest is told all the same. */
const JSON_SCHEMA_OPTIONS = {
  target: 'draft-2020-12',
  // What zod calls it, and what valibot does.
  libraryOptions: { unrepresentable: 'any', errorMode: 'ignore' },
}

/**
 * The JSON Schema of an input or output, where it can be had: plain JSON Schema, as TypeBox makes it, is its own; a
 * Standard Schema tells it if its library does (zod from 4.2, arktype, valibot's toStandardJsonSchema). undefined:
 * unknown, or not to be said in JSON Schema.
 */
export function jsonSchemaOf(schema: AnySchema, side: 'input' | 'output'): JsonSchema | undefined {
  if (!isStandardSchema(schema)) return schema
  try {
    return schema['~standard'].jsonSchema?.[side](JSON_SCHEMA_OPTIONS)
  } catch {
    return undefined
  }
}

/** What a schema asks for as a whole, as far as it matters to the body that holds it. */
export type SchemaKind = 'any' | 'object' | 'string' | 'binary' | 'json' | 'unknown'

/** `any`: no schema. `json`: a JSON value that is neither object nor string. `unknown`: its form cannot be told. */
export function schemaKind(schema: AnySchema | undefined): SchemaKind {
  if (schema === undefined) return 'any'
  const json = jsonSchemaOf(schema, 'input')
  if (json === undefined) return 'unknown'
  if (isBinary(json)) return 'binary'
  if (json.type === 'string') return 'string'
  if (json.type === 'object' || 'properties' in json) return 'object'
  return typeof json.type === 'string' ? 'json' : 'unknown'
}

/** `{ type: 'string', format: 'binary' }`: a file. */
export function isBinary(json: JsonSchema): boolean {
  return json.type === 'string' && json.format === 'binary'
}
