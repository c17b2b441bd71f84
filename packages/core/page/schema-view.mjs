import { element } from './element.mjs'
import { nameOfReference, resolveSchema } from './schema-example.mjs'

const LIMITS = {
  const: 'is',
  enum: 'one of',
  default: 'default',
  format: 'format',
  pattern: 'pattern',
  minimum: 'at least',
  exclusiveMinimum: 'more than',
  maximum: 'at most',
  exclusiveMaximum: 'less than',
  multipleOf: 'a multiple of',
  minLength: 'length at least',
  maxLength: 'length at most',
  minItems: 'items at least',
  maxItems: 'items at most',
  uniqueItems: 'no two alike',
}

/** A schema for people, with the JSON Schema itself to unfold. */
export function schemaView(schema, docs) {
  const raw = JSON.stringify(resolveSchema(schema, docs), null, 2)
  return element(
    'div',
    {},
    element('ul', { class: 'schema' }, item(undefined, schema, { docs, open: [] })),
    element('details', {}, element('summary', {}, 'JSON Schema'), element('pre', { tabindex: 0 }, raw)),
  )
}

function item(name, schema, { docs, open, isRequired = false }) {
  const reference = nameOfReference(schema)
  const resolved = resolveSchema(schema, docs)
  const isOpen = reference !== undefined && open.includes(reference)
  const inside = { docs, open: reference === undefined ? open : [...open, reference] }
  const limits = limitsOf(resolved)
  return element(
    'li',
    {},
    name !== undefined && element('code', {}, name),
    ' ',
    element('span', { class: 'type' }, typeOf(resolved, docs) + (isOpen ? ` (${reference}, as above)` : '')),
    ' ',
    isRequired && element('span', { class: 'required' }, 'required'),
    limits !== '' && element('span', { class: 'limits' }, ` ${limits}`),
    typeof resolved.description === 'string' && element('div', { class: 'hint' }, resolved.description),
    !isOpen && children(resolved, inside),
  )
}

function children(schema, { docs, open }) {
  const { properties = {}, required = [], additionalProperties, items, prefixItems = [] } = schema
  const found = [
    ...Object.entries(properties).map(([name, each]) => [name, each, required.includes(name)]),
    ...prefixItems.map((each, index) => [`[${index}]`, each, false]),
    ...(holdsSchema(items) && isNested(items, docs) ? [['[…]', items, false]] : []),
    ...(holdsSchema(additionalProperties) ? [['{…}', additionalProperties, false]] : []),
    ...['anyOf', 'oneOf', 'allOf'].flatMap((key) =>
      (schema[key] ?? []).map((each, at) => [wordOf(key, at), each, false]),
    ),
  ]
  if (found.length === 0) return undefined
  return element(
    'ul',
    { class: 'schema' },
    ...found.map(([name, each, isRequired]) => item(name, each, { docs, open, isRequired })),
  )
}

function wordOf(key, at) {
  if (key === 'allOf') return 'and'
  return at === 0 ? 'either' : 'or'
}

function holdsSchema(value) {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

/** `array of string` says it all; of an object there is more to say. */
function isNested(schema, docs) {
  const { properties, items, anyOf, oneOf, allOf } = resolveSchema(schema, docs)
  return [properties, items, anyOf, oneOf, allOf].some((each) => each !== undefined)
}

function typeOf(schema, docs) {
  if (schema === true || Object.keys(schema).length === 0) return 'anything'
  if (schema.type === 'string' && schema.format === 'binary') return 'file'
  if (schema.type === 'array' && holdsSchema(schema.items))
    return `array of ${typeOf(resolveSchema(schema.items, docs), docs)}`
  if (Array.isArray(schema.type)) return schema.type.join(' or ')
  if (typeof schema.type === 'string') return schema.type
  if (schema.anyOf ?? schema.oneOf) return 'one of these'
  return schema.allOf ? 'all of these' : ''
}

function limitsOf(schema) {
  return Object.entries(LIMITS)
    .filter(([key]) => key in schema && !saysNothing(key, schema[key]))
    .map(([key, words]) => `${words} ${key === 'pattern' ? schema[key] : wordsFor(schema[key])}`)
    .join(', ')
}

/** A file is called one already, and zod gives integers the limits of what JavaScript can count. */
function saysNothing(key, value) {
  return (key === 'format' && value === 'binary') || Math.abs(value) === Number.MAX_SAFE_INTEGER
}

function wordsFor(value) {
  return Array.isArray(value) ? value.map((each) => JSON.stringify(each)).join(', ') : JSON.stringify(value)
}
