import type { JsonSchema } from '../service/service-definition.js'
import { isObject, mapSchema, mapValues, someSchema } from './map-schema.js'

/** Where a reference leads: a place, and what follows it in the pointer. */
export interface Target {
  readonly place: string
  readonly rest: string
}

/**
 * One JSON Schema, taken apart: its places are what references can lead to, each with its schema.
 *
 *   #              the whole of it, less its definitions
 *   #/$defs/NAME   a definition (`#/definitions/NAME` in older drafts)
 *   ID             a schema in it that has an `$id`
 */
export class SchemaSource {
  readonly places: ReadonlyMap<string, unknown>
  readonly #aliases = new Map<string, string>()
  readonly #whole: JsonSchema

  constructor(whole: JsonSchema) {
    const { $id, $schema, $defs, definitions, ...root } = whole
    this.#whole = whole
    const places = new Map<string, unknown>()
    // Another draft than the document's own says so.
    const isOther = typeof $schema === 'string' && !$schema.includes('2020-12')
    places.set('#', isOther ? { $schema, ...root } : root)
    if (typeof $id === 'string') this.#aliases.set($id, '#')
    for (const [keyword, all] of Object.entries({ $defs, definitions })) {
      for (const [name, schema] of Object.entries(isObject(all) ? all : {})) {
        const place = `#/${keyword}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
        places.set(place, this.#withoutId(schema, place))
      }
    }
    for (const [place, schema] of [...places]) places.set(place, takeOutIds(schema, places))
    this.places = places
  }

  get root(): JsonSchema {
    return this.resolve(this.places.get('#') as JsonSchema)
  }

  /** A schema in it; where that is a reference, what it leads to. */
  resolve(reference: JsonSchema): JsonSchema {
    let schema = reference
    for (let steps = 0; typeof schema.$ref === 'string' && steps < this.places.size; steps++) {
      const target = this.targetOf(schema.$ref)
      const next = target?.rest === '' ? this.places.get(target.place) : undefined
      if (!isObject(next)) break
      schema = next
    }
    return schema
  }

  /** The same object schema, without some of its properties. */
  without(names: readonly string[]): SchemaSource {
    const properties = Object.entries(this.#whole.properties ?? {}).filter(([name]) => !names.includes(name))
    return new SchemaSource({ ...this.#whole, properties: Object.fromEntries(properties) })
  }

  /** The same object schema, with some of its properties changed. */
  changed(names: readonly string[], change: (property: JsonSchema) => JsonSchema): SchemaSource {
    const properties = mapValues(this.#whole.properties as JsonSchema, (property, name) =>
      names.includes(name) && isObject(property) ? change(property) : property,
    )
    return new SchemaSource({ ...this.#whole, properties })
  }

  /** undefined: it leads out of this schema. */
  targetOf(ref: string): Target | undefined {
    const whole = this.#aliases.get(ref) ?? (this.places.has(ref) ? ref : undefined)
    if (whole !== undefined) return { place: whole, rest: '' }
    const [definition] = /^#\/(?:\$defs|definitions)\/[^/]+/.exec(ref) ?? []
    if (definition !== undefined) {
      const place = [definition, decode(definition)].find((each) => this.places.has(each))
      if (place !== undefined) return { place, rest: ref.slice(definition.length) }
    }
    return ref.startsWith('#/') ? { place: '#', rest: ref.slice(1) } : undefined
  }

  /** The places that a part of it refers to, on whatever way. */
  reach(part: unknown): ReadonlySet<string> {
    const reached = new Set<string>()
    const visit = (schema: unknown): void => {
      someSchema(schema, ({ $ref }) => {
        const target = typeof $ref === 'string' ? this.targetOf($ref) : undefined
        if (target !== undefined && !reached.has(target.place)) {
          reached.add(target.place)
          visit(this.places.get(target.place))
        }
        return false
      })
    }
    visit(part)
    return reached
  }

  /** Whether a part of it, or what it refers to, has a schema that passes the test. */
  holds(part: unknown, test: (schema: JsonSchema) => boolean): boolean {
    return someSchema(part, test) || [...this.reach(part)].some((place) => someSchema(this.places.get(place), test))
  }

  #withoutId(schema: unknown, place: string): unknown {
    if (!isObject(schema) || typeof schema.$id !== 'string') return schema
    const { $id, ...rest } = schema
    this.#aliases.set($id as string, place)
    return rest
  }
}

/** Puts each schema in it that has an `$id` at a place of its own. */
function takeOutIds(schema: unknown, places: Map<string, unknown>): unknown {
  return mapSchema(schema, (each) => {
    const { $id, ...rest } = each
    if (typeof $id !== 'string') return each
    places.set($id, rest)
    return { $ref: $id }
  })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
