import { isBinary, jsonSchemaOf } from '../runner/schema-kind.js'
import type { ApiDefinition, JsonSchema } from '../service/service-definition.js'
import { isObject, mapSchema } from './map-schema.js'
import { SchemaSource } from './schema-source.js'

/** A JSON Schema, ready to be a part of a document: files as OpenAPI 3.1 has them. */
export function sourceOf(schema: JsonSchema): SchemaSource {
  return new SchemaSource(mapSchema(schema, showFile) as JsonSchema)
}

/** What a value is to a body that holds it. `text`: it may be one. */
export type ValueKind = 'bytes' | 'text' | 'values'

/** What an api answers, or the items of its stream are, as far as its schema tells. */
export function outputKind({ output }: ApiDefinition): ValueKind {
  const json = output === undefined ? undefined : jsonSchemaOf(output, 'output')
  return json === undefined ? 'text' : valueKind(sourceOf(json))
}

export function valueKind(source: SchemaSource): ValueKind {
  if (isBinary(source.root)) return 'bytes'
  return canBeText(source.root, source) ? 'text' : 'values'
}

function canBeText(schema: JsonSchema, source: SchemaSource): boolean {
  const { type, anyOf, oneOf } = schema
  if (typeof type === 'string') return type === 'string'
  if (Array.isArray(type)) return type.includes('string')
  const cases = [anyOf, oneOf].find(Array.isArray)
  if (cases !== undefined) {
    return cases.some((each) => !isObject(each) || canBeText(source.resolve(each), source))
  }
  if ('const' in schema) return typeof schema.const === 'string'
  if (Array.isArray(schema.enum)) return schema.enum.some((each) => typeof each === 'string')
  return !('properties' in schema)
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
