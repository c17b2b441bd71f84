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

/** The client maps arguments by `properties`; `root_input` says that the body is the one argument itself. */
function inputDocument(api: ApiDefinition): JsonSchema {
  const known = api.input === undefined ? undefined : jsonSchemaOf(api.input, 'input')
  if (known === undefined) return { root_input: true }
  const schema = showFiles(inlineDefinitions(known)) as JsonSchema
  if (schema.type !== 'object' && schema.properties === undefined) return { ...schema, root_input: true }
  const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)
  return {
    title: 'Input',
    ...schema,
    properties: Object.fromEntries(properties.map(([name, property]) => [name, { title: toTitle(name), ...property }])),
  }
}

function outputDocument(api: ApiDefinition): JsonSchema {
  const known = api.output === undefined ? undefined : jsonSchemaOf(api.output, 'output')
  return {
    ...(known !== undefined && inlineDefinitions(known)),
    ...(api.stream && { is_stream: true }),
    ...(api.mediaType !== undefined && { media_type: api.mediaType }),
  }
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
  if (typeof node !== 'object' || node === null) return node
  const shown = Object.fromEntries(Object.entries(node).map(([key, child]) => [key, showFiles(child)]))
  return isBinary(shown) ? { ...shown, type: 'file' } : shown
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
