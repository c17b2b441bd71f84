import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { jsonSchemaOf } from '../runner/schema-kind.js'
import type { AnySchema, JsonSchema } from '../service/service-definition.js'
import { SchemaComponents } from './schema-components.js'
import { SchemaSource } from './schema-source.js'

const POINT = { type: 'object', properties: { x: { type: 'number' } } }

/** What becomes of these schemas, by their names: in place, and as components. */
function addAll(schemas: Readonly<Record<string, AnySchema>>): { places: unknown[]; components: unknown } {
  const components = new SchemaComponents({ Error: { type: 'object' } })
  const places = Object.entries(schemas).map(([name, schema]) =>
    components.add(name, new SchemaSource(jsonSchemaOf(schema, 'input') as JsonSchema)),
  )
  const { Error: _, ...rest } = components.schemas
  return { places, components: rest }
}
const to = (name: string) => ({ $ref: `#/components/schemas/${name}` })

describe('SchemaComponents', () => {
  test('names what has a shape, and leaves the rest where it is', () => {
    const { places, components } = addAll({ A: POINT, B: { type: 'string' }, C: { type: 'array', items: {} }, D: {} })
    assert.deepEqual(places, [to('A'), { type: 'string' }, { type: 'array', items: {} }, {}])
    assert.deepEqual(components, { A: POINT })
  })

  test('makes components of definitions, and equal ones once', () => {
    const one = { type: 'object', properties: { at: { $ref: '#/$defs/Point' } }, $defs: { Point: POINT, Unused: {} } }
    const other = { type: 'array', items: { $ref: '#/definitions/Point/properties/x' }, definitions: { Point: POINT } }
    const { places, components } = addAll({ A: one, B: other })
    assert.deepEqual(places, [to('A'), { type: 'array', items: to('Point/properties/x') }])
    assert.deepEqual(components, { A: { type: 'object', properties: { at: to('Point') } }, Point: POINT })
  })

  test('gives different ones of one name names of their own', () => {
    const withPoint = (Point: JsonSchema) => ({ type: 'array', items: { $ref: '#/$defs/Point' }, $defs: { Point } })
    const { places, components } = addAll({
      A: withPoint(POINT),
      B: withPoint({ type: 'string' }),
      C: { type: 'array', items: { $ref: '#/$defs/Error' }, $defs: { Error: POINT } },
    })
    assert.deepEqual(
      places.map((place) => (place as { items: unknown }).items),
      [to('Point'), to('Point2'), to('Error2')],
    )
    assert.deepEqual(components, { Point: POINT, Point2: { type: 'string' }, Error2: POINT })
  })

  test('tells definitions apart by what they refer to', () => {
    const listOf = (Item: JsonSchema) => ({
      type: 'array',
      items: { $ref: '#/$defs/List' },
      $defs: { List: { type: 'array', items: { $ref: '#/$defs/Item' } }, Item },
    })
    const { components } = addAll({ A: listOf({ type: 'string' }), B: listOf({ type: 'null' }) })
    assert.deepEqual(components, {
      List: { type: 'array', items: to('Item') },
      Item: { type: 'string' },
      List2: { type: 'array', items: to('Item2') },
      Item2: { type: 'null' },
    })
  })

  test('has one that holds itself refer to its component', () => {
    const Tree = z.object({
      name: z.string(),
      get children() {
        return z.array(Tree)
      },
    })
    const { places, components } = addAll({ PlantInput: Tree })
    assert.deepEqual(places, [to('PlantInput')])
    assert.deepEqual((components as { PlantInput: { properties: unknown } }).PlantInput.properties, {
      name: { type: 'string' },
      children: { type: 'array', items: to('PlantInput') },
    })
  })

  test('uses the names that zod was told', () => {
    const Address = z.object({ city: z.string() }).meta({ id: 'Address' })
    const { places, components } = addAll({ A: z.object({ from: Address, to: Address }), B: z.array(Address) })
    assert.deepEqual(places[1], { type: 'array', items: to('Address') })
    assert.deepEqual(Object.keys(components as object).sort(), ['A', 'Address'])
  })

  test('follows an $id, as TypeBox has it', () => {
    const tree = { $id: 'T0', type: 'object', properties: { nodes: { type: 'array', items: { $ref: 'T0' } } } }
    const { places, components } = addAll({ A: tree, B: { type: 'array', items: tree } })
    assert.deepEqual(places, [to('A'), { type: 'array', items: to('T0') }])
    assert.deepEqual(components, {
      A: { type: 'object', properties: { nodes: { type: 'array', items: to('A') } } },
      T0: { type: 'object', properties: { nodes: { type: 'array', items: to('T0') } } },
    })
  })

  test('leaves alone what only looks like a reference', () => {
    const schema = { type: 'object', properties: { $ref: { const: { $ref: '#/$defs/X' } } }, default: { $ref: '#' } }
    assert.deepEqual(addAll({ A: schema }).components, { A: schema })
    const outward = { type: 'array', items: { $ref: 'https://example.com/point' } }
    assert.deepEqual(addAll({ A: outward }).places, [outward])
  })

  test('keeps the draft where it is another', () => {
    const draft7 = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' }
    const draft2020 = { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' }
    assert.deepEqual(addAll({ A: draft7, B: draft2020 }).components, { A: draft7, B: { type: 'object' } })
  })
})
