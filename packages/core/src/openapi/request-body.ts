import { DEFAULT_BODY_LIMIT_BYTES } from '../http/route-table.js'
import { type FieldKind, fieldKinds } from '../runner/field-kinds.js'
import { isBinary, jsonSchemaOf, schemaKind } from '../runner/schema-kind.js'
import type { ApiDefinition, JsonSchema } from '../service/service-definition.js'
import { isObject } from './map-schema.js'
import type { SchemaSink } from './schema-components.js'
import { componentName, sourceOf } from './schema-parts.js'
import type { SchemaSource } from './schema-source.js'

type Content = Readonly<Record<string, object>>

/** Fields whose parts are the text itself. */
const AS_TEXT: ReadonlySet<FieldKind | undefined> = new Set(['text', 'texts'])
/** Keywords by which a string cannot be empty, or may not be. */
const NOT_EMPTY = ['const', 'enum', 'format', 'pattern']

/** The body that an api takes. */
export function requestBody(api: ApiDefinition, components: SchemaSink): object {
  const limit = api.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES
  const json = api.input === undefined ? undefined : jsonSchemaOf(api.input, 'input')
  const source = json === undefined ? undefined : sourceOf(json)
  return {
    description: `At most ${limit} bytes${api.input === undefined ? '; no body is {}' : ''}.`,
    required: source !== undefined && isRequired(api, source),
    content: contentOf(api, source, components),
  }
}

function contentOf(api: ApiDefinition, source: SchemaSource | undefined, components: SchemaSink): Content {
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

function objectContent(api: ApiDefinition, source: SchemaSource, components: SchemaSink): Content {
  const { properties, required } = source.root
  const all = Object.entries(isObject(properties) ? properties : {})
  const files = all.filter(([, property]) => source.holds(property, isBinary)).map(([name]) => name)
  if (files.length === 0) {
    return { 'application/json': { schema: components.add(componentName(api, 'Input'), source) } }
  }
  const asked = files.filter((name) => Array.isArray(required) && required.includes(name))
  const schema = components.add(componentName(api, 'Input'), source.changed(asked, withoutEmptyList))
  const kinds = fieldKinds(api.input)
  // All but files and text travel as JSON, each in a part of its own.
  const others = all.filter(([name]) => !files.includes(name) && !AS_TEXT.has(kinds.get(name)))
  const encoding = Object.fromEntries(others.map(([name]) => [name, { contentType: 'application/json' }]))
  const form = { 'multipart/form-data': { schema, ...(others.length > 0 && { encoding }) } }
  if (asked.length > 0) return form
  // JSON has no files: it will do where none is asked for.
  const withoutFiles = components.add(componentName(api, 'InputWithoutFiles'), source.without(files))
  return { ...form, 'application/json': { schema: withoutFiles } }
}

/** A form has no empty list: a field without a part is one that is missing. */
function withoutEmptyList(property: JsonSchema): JsonSchema {
  if (property.type !== 'array') return property
  return { ...property, minItems: Math.max(1, Number(property.minItems ?? 0)) }
}

/** Of a file: those that its schema names. Where it names none, any will do but those of forms and of pickle. */
function mediaTypesOf({ contentMediaType, anyOf }: JsonSchema): string[] {
  const listed = Array.isArray(anyOf) ? anyOf : []
  const types = [contentMediaType, ...listed.map((each) => (isObject(each) ? each.contentMediaType : undefined))]
  const named = types.filter((type) => typeof type === 'string' && type !== 'application/octet-stream')
  return named.length > 0 ? (named as string[]) : ['application/octet-stream']
}

/** No body is `{}`; for a string, the empty one; for a file, one without bytes. */
function isRequired(api: ApiDefinition, source: SchemaSource): boolean {
  const { root } = source
  switch (schemaKind(api.input)) {
    case 'string':
    case 'binary':
      return Number(root.minLength ?? 0) > 0 || NOT_EMPTY.some((keyword) => keyword in root && !isBinary(root))
    case 'object':
    case 'json':
    case 'unknown':
      return !takesEmptyObject(root, source)
    case 'any':
      return false
  }
}

/** As far as can be told without running what checks it. */
function takesEmptyObject(schema: JsonSchema, source: SchemaSource, around: readonly JsonSchema[] = []): boolean {
  const { type, required, anyOf, oneOf, allOf } = schema
  // One that is a case of itself adds nothing to its others.
  if (around.includes(schema)) return false
  const takesIt = (each: unknown): boolean =>
    !isObject(each) || takesEmptyObject(source.resolve(each), source, [...around, schema])
  if (type !== undefined && ![type].flat().includes('object')) return false
  if (Array.isArray(required) && required.length > 0) return false
  if ('const' in schema || 'enum' in schema || Number(schema.minProperties ?? 0) > 0) return false
  if (Array.isArray(allOf) && !allOf.every(takesIt)) return false
  return [anyOf, oneOf].filter(Array.isArray).every((cases) => cases.some(takesIt))
}
