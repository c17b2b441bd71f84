import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '../..')

test('docs/testing.md shows the test of the example, which the ring of examples runs', () => {
  const shown = /```ts\n(.*?)```/s.exec(readFileSync(join(ROOT, 'docs/testing.md'), 'utf8'))?.[1]
  assert.equal(shown, readFileSync(join(ROOT, 'examples/text-classifier/test/service.test.ts'), 'utf8'))
})
