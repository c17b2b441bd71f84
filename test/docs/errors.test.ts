import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CATALOGUE, type ErrorRow } from '../../packages/core/src/errors/catalogue.js'

const text = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8')
const sections = new Map(
  text
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.split('\n', 1)[0] as string, section.split(/^## /m)[0] as string]),
)
const rows = Object.entries(CATALOGUE) as unknown as [string, ErrorRow<never>][]

describe('docs/errors.md', () => {
  it('has a section for every code of the catalogue', () => {
    assert.ok(rows.length > 0, 'the catalogue is empty')
    assert.deepEqual(
      rows.map(([code]) => code).filter((code) => !sections.has(code)),
      [],
    )
  })

  it('has no section for anything else, and none twice', () => {
    assert.ok(sections.size > 0, 'docs/errors.md has no section')
    const known = new Set(rows.map(([code]) => code))
    assert.deepEqual(
      [...sections.keys()].filter((code) => !known.has(code)),
      [],
    )
    assert.equal(text.match(/^### /gm)?.length, sections.size)
  })

  it('says meaning, usual cause and fix of each', () => {
    for (const [code, section] of sections) {
      assert.match(section, /\*\*Meaning\*\*: \S[\s\S]*\*\*Usual cause\*\*: \S[\s\S]*\*\*Fix\*\*: \S/, code)
    }
  })

  it('gives the status and the exit code that the catalogue has', () => {
    for (const [code, row] of rows) {
      const line = sections.get(code)?.split('\n')[1] ?? ''
      if (row.exitCode !== undefined) assert.match(line, new RegExp(`xit ${row.exitCode}\\b`), code)
      if (row.statusCode !== undefined) assert.match(line, new RegExp(`Status ${row.statusCode}\\b`), code)
      if (row.retryable === true) assert.match(line, /retryable/, code)
    }
  })
})
