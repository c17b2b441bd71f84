/** What a schema is, its reference followed; what stands beside the reference counts too. */
export function resolveSchema(schema, docs) {
  let resolved = schema
  for (let steps = 0; typeof resolved?.$ref === 'string' && steps < 100; steps++) {
    const { $ref, ...rest } = resolved
    const found = at($ref, docs)
    resolved = typeof found === 'object' && found !== null ? { ...found, ...rest } : rest
  }
  return typeof resolved === 'object' && resolved !== null ? resolved : {}
}

/** The name of the component that a schema refers to; undefined: it is one itself. */
export function nameOfReference(schema) {
  return typeof schema?.$ref === 'string' ? schema.$ref.replace(/^.*\//, '') : undefined
}

function at(pointer, docs) {
  if (!pointer.startsWith('#/')) return undefined
  const steps = pointer.slice(2).split('/')
  return steps.reduce((node, step) => node?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], docs)
}

const TEXTS = {
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
  duration: 'PT1H',
  email: 'ada@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  time: '12:00:00Z',
  uri: 'https://example.com/',
  'uri-reference': '/path',
  uuid: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
}

/** A value that a schema takes, as far as can be told: what it names itself, else the simplest one. */
export function exampleOf(schema, docs) {
  const value = make(schema, { docs, open: [] })
  return value === undefined ? {} : value
}

/** undefined: it would never end, as a tree in a tree. */
function make(schema, { docs, open }) {
  const reference = schema?.$ref
  if (open.includes(reference)) return undefined
  const context = { docs, open: typeof reference === 'string' ? [...open, reference] : open }
  const known = resolveSchema(schema, docs)
  const given = [known.default, known.example, known.examples?.[0], known.const, known.enum?.[0]]
  const named = given.find((value) => value !== undefined)
  if (named !== undefined) return named
  const cases = known.anyOf ?? known.oneOf
  // Of several types, one that says more than null.
  if (Array.isArray(cases) && known.type === undefined) return firstOf(cases, context)
  return byType(known.allOf === undefined ? known : merged(known, docs), context)
}

function firstOf(cases, context) {
  const made = cases.map((each) => make(each, context)).filter((value) => value !== undefined)
  return made.find((value) => value !== null) ?? made[0]
}

/** What a schema and all of its `allOf` ask for together. */
function merged({ allOf, ...own }, docs) {
  const whole = {}
  for (const part of [own, ...allOf.map((each) => resolveSchema(each, docs))]) {
    const { properties, required = [], ...rest } = part
    Object.assign(whole, rest, { required: [...(whole.required ?? []), ...required] })
    if (properties !== undefined) whole.properties = { ...whole.properties, ...properties }
  }
  return whole
}

function byType(schema, context) {
  const types = [schema.type].flat()
  const type = types.find((each) => each !== 'null') ?? types[0]
  if (type === 'string') return textFor(schema)
  if (type === 'integer' || type === 'number') return numberFor(schema)
  if (type === 'boolean') return true
  if (type === 'null') return null
  if (type === 'array' || (type === undefined && schema.items !== undefined)) return listFor(schema, context)
  if (type === 'object' || schema.properties !== undefined) return objectFor(schema, context)
  return {}
}

function textFor({ format, contentEncoding, minLength = 0, maxLength = Infinity }) {
  const text = TEXTS[format] ?? (contentEncoding === 'base64' ? 'dGV4dA==' : 'text')
  return text.padEnd(minLength, ' text').slice(0, maxLength)
}

/** As near to 1 as it may be. */
function numberFor({ type, multipleOf, ...limits }) {
  const step = multipleOf ?? (type === 'integer' ? 1 : 0.5)
  const { exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = limits
  const least = limits.minimum ?? exclusiveMinimum + step
  const most = limits.maximum ?? exclusiveMaximum - step
  const value = Math.min(Math.max(1, least), most)
  const unit = type === 'integer' ? step : multipleOf
  if (unit === undefined) return value
  const above = Math.ceil(value / unit) * unit
  return above <= most ? above : Math.floor(value / unit) * unit
}

function listFor({ items, prefixItems = [], minItems = 1, maxItems = Infinity }, context) {
  const list = prefixItems.map((each) => make(each, context) ?? null)
  const item = typeof items === 'object' && items !== null ? make(items, context) : undefined
  if (item !== undefined) while (list.length < Math.max(minItems, prefixItems.length === 0 ? 1 : 0)) list.push(item)
  return list.slice(0, maxItems)
}

function objectFor({ properties = {}, required = [], additionalProperties }, context) {
  const made = Object.entries(properties).map(([name, each]) => [name, make(each, context)])
  const given = made.filter(([name, value]) => value !== undefined || required.includes(name))
  if (given.length === 0 && typeof additionalProperties === 'object') {
    const value = make(additionalProperties, context)
    return value === undefined ? {} : { name: value }
  }
  return Object.fromEntries(given.map(([name, value]) => [name, value ?? null]))
}
