import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { defineService } from '../service/define-service.js'
import { definitionOf } from '../service/registry.js'
import type { AnySchema, ServiceDefinition } from '../service/service-definition.js'
import { describeApi } from './describe-api.js'

function describe(input: AnySchema, output?: AnySchema): ReturnType<typeof describeApi> {
  const service = defineService(
    class Trees {
      plant(_: never): unknown {
        return 1
      }
    },
    {
      name: 'Trees',
      apis: { plant: { input: input as never, ...(output && { output: output as never }), description: 'Plants it' } },
    },
  )
  const definition = definitionOf(service) as ServiceDefinition
  return describeApi(definition, definition.apis.plant as never)
}

test('an api is described with its schemas in their places', () => {
  const described = describe(z.object({ name: z.string() }), z.object({ height: z.number() }))
  const { operationId, tags, description, requestBody, response } = described
  assert.deepEqual(
    { operationId, tags, description },
    { operationId: 'Trees.plant', tags: ['Trees'], description: 'Plants it' },
  )
  assert.equal(requestBody.required, true)
  assert.deepEqual(requestBody.content['application/json']?.schema?.properties, { name: { type: 'string' } })
  assert.deepEqual(response.content['application/json']?.schema?.properties, { height: { type: 'number' } })
  assert.doesNotMatch(JSON.stringify(described), /\$ref/)
})

test('definitions stand where they are referred to, and one that holds itself ends there', () => {
  const { requestBody } = describe({
    type: 'object',
    properties: { first: { $ref: '#/$defs/tree', title: 'First' } },
    required: ['first'],
    $defs: {
      tree: { type: 'object', properties: { kind: { $ref: '#/$defs/kind' }, next: { $ref: '#/$defs/tree' } } },
      kind: { enum: ['oak', 'elm'] },
    },
  })
  assert.deepEqual(requestBody.content['application/json']?.schema, {
    type: 'object',
    properties: {
      first: { type: 'object', title: 'First', properties: { kind: { enum: ['oak', 'elm'] }, next: {} } },
    },
    required: ['first'],
  })
})
