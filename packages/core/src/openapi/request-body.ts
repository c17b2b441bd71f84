import { DEFAULT_BODY_LIMIT_BYTES } from '../http/route-table.js'
import { isBinary, jsonSchemaOf, schemaKind } from '../runner/schema-kind.js'
import type { ApiDefinition, JsonSchema } from '../service/service-definition.js'
import { isObject } from './map-schema.js'
import type { SchemaComponents } from './schema-components.js'
import { componentName, sourceOf } from './schema-parts.js'
import type { SchemaSource } from './schema-source.js'

type Content = Readonly<Record<string, object>>

/** Keywords by which a string cannot be empty, or may not be. */
const NOT_EMPTY = ['const', 'enum', 'format', 'pattern']

/** The body that an api takes. */
export function requestBody(api: ApiDefinition, components: SchemaComponents): object {
  const limit = api.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES
  const json = api.input === undefined ? undefined : jsonSchemaOf(api.input, 'input')
  const source = json === undefined ? undefined : sourceOf(json)
  return {
    description: `At most ${limit} bytes${api.input === undefined ? '; no body is {}' : ''}.`,
    required: source !== undefined && isRequired(api, source.root),
    content: contentOf(api, source, components),
  }
}

function contentOf(api: ApiDefinition, source: SchemaSource | undefined, components: SchemaComponents): Content {
  if (source === undefined) return api.input === undefined ? { 'application/json': {} } : ANYTHING
  const schema = () => components.add(componentName(api, 'Input'), source)
  switch (schemaKind(api.input)) {
    case 'binary':
      return Object.fromEntries(mediaTypesOf(source.root).map((type) => [type, { schema: source.root }]))
    case 'string':
      return { 'text/plain': { schema: schema() }, 'application/json': { schema: schema() } }
    case 'object':
      return objectContent(api, source, components)
    case 'any':
    case 'json':
    case 'unknown':
      return { 'application/json': { schema: schema() } }
  }
}

/** What is taken where nothing is known of the input: JSON is parsed, text is a string, the rest are bytes. */
const ANYTHING: Content = {
  'application/json': {},
  'text/plain': { schema: { type: 'string' } },
  'application/octet-stream': {},
}

function objectContent(api: ApiDefinition, source: SchemaSource, components: SchemaComponents): Content {
  const { properties, required } = source.root
  const schema = components.add(componentName(api, 'Input'), source)
  const all = Object.entries(isObject(properties) ? properties : {})
  const files = all.filter(([, property]) => source.holds(property, isBinary)).map(([name]) => name)
  if (files.length === 0) return { 'application/json': { schema } }
  // All but files travel as JSON, each in a part of its own.
  const others = all.filter(([name]) => !files.includes(name))
  const encoding = Object.fromEntries(others.map(([name]) => [name, { contentType: 'application/json' }]))
  const form = { 'multipart/form-data': { schema, ...(others.length > 0 && { encoding }) } }
  if (files.some((name) => Array.isArray(required) && required.includes(name))) return form
  // JSON has no files: it will do where none is asked for.
  const withoutFiles = components.add(componentName(api, 'InputWithoutFiles'), source.without(files))
  return { ...form, 'application/json': { schema: withoutFiles } }
}

/** Of a file: those that its schema names, or any. */
function mediaTypesOf({ contentMediaType, anyOf }: JsonSchema): string[] {
  const listed = Array.isArray(anyOf) ? anyOf : []
  const types = [contentMediaType, ...listed.map((each) => (isObject(each) ? each.contentMediaType : undefined))]
  const named = types.filter((type) => typeof type === 'string' && type !== 'application/octet-stream')
  return named.length > 0 ? (named as string[]) : ['*/*']
}

/** No body is `{}`; for a string, the empty one; for a file, one without bytes. */
function isRequired(api: ApiDefinition, root: JsonSchema): boolean {
  switch (schemaKind(api.input)) {
    case 'object':
      return Array.isArray(root.required) && root.required.length > 0
    case 'string':
    case 'binary':
      return Number(root.minLength ?? 0) > 0 || NOT_EMPTY.some((keyword) => keyword in root && !isBinary(root))
    case 'json':
      return true
    case 'any':
    case 'unknown':
      return false
  }
}
