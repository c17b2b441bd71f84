import { isBinary } from '../runner/schema-kind.js'
import type { ApiDefinition, JsonSchema } from '../service/service-definition.js'
import { mapSchema } from './map-schema.js'
import { SchemaSource } from './schema-source.js'

/** A JSON Schema, ready to be a part of a document: files as OpenAPI 3.1 has them. */
export function sourceOf(schema: JsonSchema): SchemaSource {
  return new SchemaSource(mapSchema(schema, showFile) as JsonSchema)
}

/** `ClassifyInput` of the api `classify`. */
export function componentName({ name }: ApiDefinition, side: 'Input' | 'InputWithoutFiles' | 'Output'): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}${side}`.replace(/[^\w.-]/g, '_')
}

/** `format: binary` is what 3.0 called a file, and what tools still look for. */
function showFile(schema: JsonSchema): JsonSchema {
  if (!isBinary(schema)) return schema
  const { contentEncoding: _, ...rest } = schema
  return 'anyOf' in rest ? rest : { contentMediaType: 'application/octet-stream', ...rest }
}
