import type { JsonSchema } from '../service/service-definition.js'
import { mapSchema } from './map-schema.js'
import type { SchemaSource } from './schema-source.js'

const PREFIX = '#/components/schemas/'
const UNNAMED = new Set(['array', 'boolean', 'integer', 'null', 'number', 'string'])

/** Takes a schema into a document; gives it as it stands where it is used. */
export interface SchemaSink {
  add(name: string, source: SchemaSource): JsonSchema
}

/**
 * The schemas that a document's parts share. JSON Schemas refer to parts of themselves; in a document they are parts
 * of something larger, so what they refer to gets a name there, and equal ones get one name.
 */
export class SchemaComponents implements SchemaSink {
  readonly schemas: Record<string, JsonSchema>
  /** By name: the text of the schema and of all that it refers to. */
  readonly #texts = new Map<string, string>()

  constructor(own: Readonly<Record<string, JsonSchema>>) {
    this.schemas = { ...own }
  }

  /** The schema as it stands in the document: a reference to a component, but for a plain list, text, number, … */
  add(name: string, source: SchemaSource): JsonSchema {
    const root = source.places.get('#') as JsonSchema
    const reached = source.reach(root)
    const names = new Map<string, string>()
    const isNamed =
      reached.has('#') || (!UNNAMED.has(String(root.type)) && Object.keys(root).some((key) => key !== '$ref'))
    const places = isNamed ? new Set(['#', ...reached]) : reached
    const added: string[] = []
    for (const place of places) {
      const wanted = place === '#' ? name : nameOf(place, name)
      const { component, isAdded } = this.#claim(wanted, textOf(source, place))
      names.set(place, component)
      if (isAdded) added.push(place)
    }
    const inDocument = (schema: unknown) => withReferences(schema, source, names) as JsonSchema
    for (const place of added) this.schemas[names.get(place) as string] = inDocument(source.places.get(place))
    return isNamed ? { $ref: PREFIX + names.get('#') } : inDocument(root)
  }

  #claim(wanted: string, text: string): { component: string; isAdded: boolean } {
    for (let count = 1; ; count++) {
      const component = count === 1 ? wanted : wanted + count
      if (this.#texts.get(component) === text) return { component, isAdded: false }
      if (this.#texts.has(component) || Object.hasOwn(this.schemas, component)) continue
      this.#texts.set(component, text)
      return { component, isAdded: true }
    }
  }
}

/** Text that is equal for equal schemas, all that they refer to included. */
function textOf(source: SchemaSource, place: string): string {
  const schema = source.places.get(place)
  const reached = [...source.reach(schema)].sort().map((each) => [each, source.places.get(each)])
  return JSON.stringify([schema, reached])
}

/** The last step of a pointer or id, as the name of a component may be. Libraries number what has no name. */
function nameOf(place: string, owner: string): string {
  const step = place
    .replace(/^.*[/#]/, '')
    .replaceAll('~1', '/')
    .replaceAll('~0', '~')
  const name = step.replace(/[^\w.-]+/g, '_')
  return name.startsWith('__') || name === '' ? `${owner}_${name.replace(/^_+/, '')}` : name
}

function withReferences(schema: unknown, source: SchemaSource, names: ReadonlyMap<string, string>): unknown {
  return mapSchema(schema, (each) => {
    const target = typeof each.$ref === 'string' ? source.targetOf(each.$ref) : undefined
    return target === undefined ? each : { ...each, $ref: PREFIX + names.get(target.place) + target.rest }
  })
}
