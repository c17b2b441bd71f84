import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseJsonc } from './parse-jsonc.js'

it('parseJsonc reads what the compiler of TypeScript reads', () => {
  const written = `\uFEFF{
    // "outDir": "old",
    /* "outDir": "older",
       "a": 1, */
    "compilerOptions": {
      "outDir": "./lib/esm", // not "dist"
      "paths": { "@/*": ["src/*"], "b//c": ["d /* e */", "f\\",}"], },
    },
  }`
  assert.deepEqual(parseJsonc(written), {
    compilerOptions: { outDir: './lib/esm', paths: { '@/*': ['src/*'], 'b//c': ['d /* e */', 'f",}'] } },
  })
  assert.deepEqual(parseJsonc('/**/[1,/* 2 */]//'), [1])
})

it('parseJsonc says undefined of what is none', () => {
  for (const text of ['', '{', '{ "a": "b }', '{ "a": 1 /* }', "{ 'a': 1 }"])
    assert.equal(parseJsonc(text), undefined, text)
})
