import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseSchema } from './parse-schema.js'

const route = (input: unknown, output: unknown) => ({ name: 'run', route: '/v1/run', input, output, is_task: false })
const shapeOf = (input: unknown, output: unknown = {}) => parseSchema({ routes: [route(input, output)] })?.get('run')

describe('parseSchema', () => {
  it('names apis and their routes', () => {
    const document = { name: 'Echo', type: 'service', routes: [route({}, {}), { name: 'other', route: 'bare' }] }
    assert.deepEqual(
      [...(parseSchema(document) ?? [])].map(([name, { route }]) => [name, route]),
      [
        ['run', '/v1/run'],
        ['other', '/bare'],
      ],
    )
  })

  const inputs: [string, unknown, unknown][] = [
    ['an object', { type: 'object', properties: { a: { type: 'string' } } }, { files: new Set() }],
    ['a file in it', { properties: { a: { type: 'file', format: 'image' } } }, { files: new Set(['a']) }],
    ['binary text in it', { properties: { a: { type: 'string', format: 'binary' } } }, { files: new Set(['a']) }],
    ['a list of files', { properties: { a: { type: 'array', items: { type: 'file' } } } }, { files: new Set(['a']) }],
    [
      'an optional file',
      { properties: { a: { anyOf: [{ type: 'file' }, { type: 'null' }] } } },
      { files: new Set(['a']) },
    ],
    ['a whole text', { root_input: true, type: 'string' }, { isText: true, isFile: false }],
    ['a whole file', { root_input: true, type: 'file' }, { isText: true, isFile: true }],
    ['a whole list', { root_input: true, type: 'array' }, { isText: false, isFile: false }],
    ['anything', { root_input: true }, { isText: false, isFile: false }],
    ['nothing said', undefined, {}],
  ]
  for (const [name, input, expected] of inputs) {
    it(`reads an input: ${name}`, () => assert.deepEqual(shapeOf(input)?.input, expected))
  }

  const outputs: [unknown, string, boolean][] = [
    [{}, 'auto', false],
    [{ type: 'object' }, 'auto', false],
    [{ type: 'string' }, 'text', false],
    [{ type: 'string', nullable: true }, 'auto', false],
    [{ type: 'string', format: 'binary' }, 'blob', false],
    [{ type: 'file', format: 'image' }, 'blob', false],
    [{ type: 'string', is_stream: true }, 'auto', true],
    [{ type: 'string', format: 'binary', is_stream: true }, 'blob', true],
    [undefined, 'auto', false],
  ]
  for (const [output, answer, isStream] of outputs) {
    it(`reads an output: ${JSON.stringify(output)}`, () => {
      const shape = shapeOf({}, output)
      assert.deepEqual([shape?.answer, shape?.isStream], [answer, isStream])
    })
  }

  it('knows what is no such document', () => {
    for (const document of [
      undefined,
      null,
      'x',
      [],
      {},
      { routes: {} },
      { routes: [{ name: 'a' }] },
      { routes: [1] },
    ]) {
      assert.equal(parseSchema(document), undefined)
    }
  })
})
