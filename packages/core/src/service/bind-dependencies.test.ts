import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bindDependencies } from './bind-dependencies.js'

test('sets clients as own properties, whatever the class has there', () => {
  class Plain {
    field: unknown = undefined
    get accessor(): unknown {
      return 'of the class'
    }
  }
  const instance = new Plain() as Plain & { nothing: unknown }
  const client = {}
  bindDependencies(instance, { field: client, accessor: client, nothing: client, absent: undefined })
  assert.equal(instance.field, client)
  assert.equal(instance.accessor, client)
  assert.equal(instance.nothing, client)
  assert.equal((instance as { absent?: unknown }).absent, undefined)
  assert.deepEqual(Object.keys(instance), [])
})
