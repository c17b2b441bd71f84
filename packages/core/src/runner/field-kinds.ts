import type { AnySchema, JsonSchema } from '../service/service-definition.js'
import { isBinary, jsonSchemaOf } from './schema-kind.js'

/** What a schema asks of one field of a form. `text`: a string. `list`: items that are neither files nor text. */
export type FieldKind = 'file' | 'files' | 'list' | 'text' | 'texts' | 'other'

/** By name; a name that is not there may be anything. */
export type FieldKinds = ReadonlyMap<string, FieldKind>

const NONE: FieldKinds = new Map()

/** What an object schema asks of each of its properties: a form tells neither files, nor lists, nor text by itself. */
export function fieldKinds(schema: AnySchema | undefined): FieldKinds {
  const root = schema === undefined ? undefined : jsonSchemaOf(schema, 'input')
  if (root === undefined) return NONE
  const { properties } = resolve(root, root)
  if (!isNode(properties)) return NONE
  return new Map(Object.entries(properties).map(([name, node]) => [name, isNode(node) ? kindOf(node, root) : 'other']))
}

function kindOf(property: JsonSchema, root: JsonSchema): FieldKind {
  const node = resolve(property, root)
  if (isBinary(node)) return 'file'
  if (isText(node)) return 'text'
  const [type, ...others] = typesOf(node)
  if (type === 'array' && others.length === 0) return listKind(isNode(node.items) ? resolve(node.items, root) : {})
  return kindOfChoice(node.anyOf ?? node.oneOf, root)
}

/** By its items; no further: a list may hold itself. */
function listKind(item: JsonSchema): FieldKind {
  if (isBinary(item)) return 'files'
  return isText(item) ? 'texts' : 'list'
}

function isText(node: JsonSchema): boolean {
  const values = 'const' in node ? [node.const] : node.enum
  if (Array.isArray(values)) return values.every((value) => typeof value === 'string')
  const types = typesOf(node)
  return types.length === 1 && types[0] === 'string'
}

/** But null, which a field that is left out stands for. */
function typesOf({ type }: JsonSchema): readonly unknown[] {
  return [type].flat().filter((each) => each !== undefined && each !== 'null')
}

/** Of a schema or null it is the schema's. */
function kindOfChoice(choice: unknown, root: JsonSchema): FieldKind {
  if (!Array.isArray(choice)) return 'other'
  const options = choice.filter(isNode).filter(({ type }) => type !== 'null')
  const [only] = options
  return options.length === 1 && only !== undefined ? kindOf(only, root) : 'other'
}

function resolve(node: JsonSchema, root: JsonSchema): JsonSchema {
  const name = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(typeof node.$ref === 'string' ? node.$ref : '')
  if (name === null) return node
  const definitions = root[name[1] as string]
  const found = isNode(definitions) ? definitions[name[2] as string] : undefined
  // One that only points to another is followed no further: it may be its own.
  return isNode(found) ? found : node
}

function isNode(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
