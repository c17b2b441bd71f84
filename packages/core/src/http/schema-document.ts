import { isBinary, jsonSchemaOf } from '../runner/schema-kind.js'
import type { ApiDefinition, JsonSchema, ServiceDefinition } from '../service/service-definition.js'

/** `/schema.json`, in the shape that BentoML's Python client reads. */
export function schemaDocument(definition: ServiceDefinition): object {
  const apis = Object.values(definition.apis)
  return {
    name: definition.name,
    type: 'service',
    routes: apis.map(routeDocument),
    paths: Object.fromEntries([
      ...Object.keys(definition.mount).map((path) => [path, { mounted: true }] as const),
      ...apis.map((api) => [api.route, { mounted: false }] as const),
    ]),
  }
}

function routeDocument(api: ApiDefinition): object {
  return {
    name: api.name,
    route: api.route,
    batchable: false,
    input: inputDocument(api),
    output: outputDocument(api),
    is_task: false,
    ...(api.description !== undefined && { doc: api.description }),
  }
}

/**
 * The client maps arguments by `properties`, and sends nothing that is not among them: an object whose names are not
 * known is, as anything else, the one argument itself, which is the whole body.
 */
function inputDocument(api: ApiDefinition): JsonSchema {
  const known = api.input === undefined ? undefined : jsonSchemaOf(api.input, 'input')
  if (known === undefined) return { root_input: true }
  const schema = withoutNull(showFiles(readable(inlineDefinitions(known))) as JsonSchema)
  if (!isNode(schema.properties)) return { ...schema, root_input: true }
  const properties = Object.entries(schema.properties as Record<string, JsonSchema>)
  return {
    title: 'Input',
    ...schema,
    properties: Object.fromEntries(
      properties.map(([name, property]) => [name, { title: toTitle(name), ...showUpload(property) }]),
    ),
  }
}

/** The client reads text, bytes and files by the `type` of the whole, anything else as JSON. */
function outputDocument(api: ApiDefinition): JsonSchema {
  const known = api.output === undefined ? undefined : jsonSchemaOf(api.output, 'output')
  return {
    ...(known !== undefined && showAnswer(withoutNull(readable(inlineDefinitions(known)) as JsonSchema))),
    ...(api.stream && { is_stream: true }),
    ...(api.mediaType !== undefined && { media_type: api.mediaType }),
  }
}

/** Bytes stay what they are; what says how its content is encoded, or what it is, is a file. */
function showAnswer(schema: JsonSchema): JsonSchema {
  const { contentEncoding, contentMediaType, anyOf, oneOf } = schema
  if (isBinary(schema)) return (contentEncoding ?? contentMediaType) === undefined ? schema : toFile(schema)
  const choice = anyOf ?? oneOf
  const isText = Array.isArray(choice) && choice.every((option) => isNode(option) && option.type === 'string')
  return isText ? { ...schema, type: 'string' } : schema
}

/** A file, or files, that may be null: to be told as such, they are shown without the null. */
function showUpload(property: JsonSchema): JsonSchema {
  const plain = withoutNull(property)
  const isUpload = plain.type === 'file' || (isNode(plain.items) && plain.items.type === 'file')
  return isUpload ? plain : property
}

/** A schema that may be null, as `type` and, for those who look further than BentoML's client, `nullable`. */
function withoutNull(schema: JsonSchema): JsonSchema {
  const { anyOf, oneOf, ...rest } = schema
  const choice = anyOf ?? oneOf
  if (Array.isArray(choice)) {
    const [only, ...others] = choice.filter((option) => !isNode(option) || option.type !== 'null')
    if (!isNode(only) || others.length > 0) return schema
    return { ...only, ...rest, ...(choice.length > 1 && { nullable: true }) }
  }
  if (!Array.isArray(schema.type)) return schema
  const [only, ...others] = schema.type.filter((type) => type !== 'null')
  if (only === undefined || others.length > 0) return schema
  return { ...schema, type: only, ...(schema.type.length > 1 && { nullable: true }) }
}

/** `max_items` as `Max Items`: the titles that pydantic gives. */
function toTitle(name: string): string {
  return name
    .replace(/[a-zA-Z]+/g, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
    .replaceAll('_', ' ')
}

/** Files as BentoML shows them. */
function showFiles(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(showFiles)
  if (!isNode(node)) return node
  const shown = Object.fromEntries(Object.entries(node).map(([key, child]) => [key, showFiles(child)]))
  return isBinary(shown) ? toFile(shown) : shown
}

function toFile(schema: JsonSchema): JsonSchema {
  const { contentMediaType: type } = schema
  if (typeof type !== 'string') return { ...schema, type: 'file' }
  return { ...schema, type: 'file', format: type.split('/', 1)[0], content_type: type }
}

/** The client looks into the items of every list, and into every property: what is no object there, it cannot read. */
function readable(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(readable)
  if (!isNode(node)) return node
  const shown: JsonSchema = Object.fromEntries(Object.entries(node).map(([key, child]) => [key, readable(child)]))
  const { type, items, properties } = shown
  return {
    ...shown,
    ...(type === 'array' && !isNode(items) && { items: {} }),
    ...(isNode(properties) && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, isNode(child) ? child : {}]),
      ),
    }),
  }
}

function isNode(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The client does not follow `$ref`: definitions are put where they are used, but for one that holds itself. */
function inlineDefinitions({ $schema: _schema, $defs, definitions, ...schema }: JsonSchema): JsonSchema {
  const all = { ...(definitions as object), ...($defs as object) } as Record<string, unknown>
  if (Object.keys(all).length === 0) return schema
  let isRecursive = false
  const visit = (node: unknown, open: readonly string[]): unknown => {
    if (Array.isArray(node)) return node.map((child) => visit(child, open))
    if (typeof node !== 'object' || node === null) return node
    const { $ref, ...rest } = node as { $ref?: unknown }
    const name = /^#\/(?:\$defs|definitions)\/(.+)$/.exec(typeof $ref === 'string' ? $ref : '')?.[1]
    if (name !== undefined && Object.hasOwn(all, name)) {
      if (!open.includes(name)) return { ...(visit(all[name], [...open, name]) as object), ...rest }
      isRecursive = true
    }
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, visit(child, open)]))
  }
  const inlined = visit(schema, []) as JsonSchema
  return isRecursive ? { ...inlined, $defs: all } : inlined
}
