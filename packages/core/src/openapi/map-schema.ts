import type { JsonSchema } from '../service/service-definition.js'

/** Keywords whose value is data, whatever it looks like. */
const DATA = new Set(['const', 'default', 'enum', 'example', 'examples'])
/** Keywords whose value holds schemas by names of the user's. */
const BY_NAME = new Set(['$defs', 'definitions', 'dependentSchemas', 'patternProperties', 'properties'])

/** A copy of a JSON Schema in which each schema, the innermost first, is what `change` makes of it. */
export function mapSchema(schema: unknown, change: (schema: JsonSchema) => JsonSchema): unknown {
  if (Array.isArray(schema)) return schema.map((item) => mapSchema(item, change))
  if (!isObject(schema)) return schema
  return change(mapValues(schema, (child, key) => mapKeyword(key, child, change)))
}

/** Whether a JSON Schema, or a schema in it, passes the test. */
export function someSchema(schema: unknown, test: (schema: JsonSchema) => boolean): boolean {
  let found = false
  mapSchema(schema, (each) => {
    found ||= test(each)
    return each
  })
  return found
}

export function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mapKeyword(key: string, child: unknown, change: (schema: JsonSchema) => JsonSchema): unknown {
  if (DATA.has(key)) return child
  if (BY_NAME.has(key) && isObject(child)) return mapValues(child, (each) => mapSchema(each, change))
  return mapSchema(child, change)
}

/** A copy of an object with other values. */
export function mapValues<T, R>(
  object: Readonly<Record<string, T>>,
  change: (value: T, key: string) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))
}
