import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CORS_DEFAULTS, CORS_SHAPE } from '../../packages/core/src/config/cors-settings.js'
import { layerFromData } from '../../packages/core/src/config/layer-from-data.js'
import {
  SERVICE_SHAPE,
  type SettingShape,
  SUPERVISION_SHAPE,
} from '../../packages/core/src/config/service-settings-rows.js'
import { SUPERVISION_DEFAULTS } from '../../packages/core/src/plan/supervision-defaults.js'

const text = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')

/** The cells of the table below a heading, without its head. */
function tableBelow(heading: string): string[][] {
  const [, after = ''] = text.split(`${heading}\n`)
  const lines = (after.split(/^#/m)[0] as string).split('\n').filter((line) => line.startsWith('|'))
  const rows = lines.slice(2).map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')))
  assert.ok(rows.length > 0, `no table below ${heading}`)
  return rows.map((cells) => cells.slice(1, -1))
}

/** `restart.maxMs`, … */
function leavesOf(shape: Readonly<Record<string, SettingShape>>, above = ''): string[] {
  return Object.entries(shape).flatMap(([key, inner]) =>
    'group' in inner ? leavesOf(inner.group, `${above}${key}.`) : [`${above}${key}`],
  )
}

const unquoted = (cell: string | undefined) => cell?.replaceAll('`', '')

describe('docs/configuration.md', () => {
  it('has a row for every setting of a service', () => {
    const supervision = new Set(Object.keys(SUPERVISION_SHAPE))
    const own = Object.fromEntries(Object.entries(SERVICE_SHAPE).filter(([key]) => !supervision.has(key)))
    assert.deepEqual(
      tableBelow('### Settings of one service').map(([key]) => unquoted(key)),
      leavesOf(own),
    )
  })

  it('has a row for every supervision setting, with its default', () => {
    const { restart, ...flat } = SUPERVISION_DEFAULTS
    const defaults = [
      ...Object.entries(flat),
      ...Object.entries(restart).map(([key, value]) => [`restart.${key}`, value]),
    ]
    const rows = tableBelow('### Supervision')
    assert.deepEqual(
      rows.map(([key]) => unquoted(key)),
      leavesOf(SUPERVISION_SHAPE),
    )
    assert.deepEqual(
      new Map(rows.map(([key, value]) => [unquoted(key), Number(value)])),
      new Map(defaults as [string, number][]),
    )
  })

  it('has a row for every setting of CORS, with its default', () => {
    const rows = tableBelow('### CORS')
    assert.deepEqual(
      rows.map(([key]) => unquoted(key)),
      leavesOf(CORS_SHAPE, 'cors.'),
    )
    for (const [key, value] of Object.entries(CORS_DEFAULTS)) {
      const row = rows.find(([name]) => name === `\`cors.${key}\``)
      assert.equal(row?.[1], Array.isArray(value) ? value.join(', ') : String(value))
    }
  })

  it('shows a configuration file that is accepted', () => {
    const example = /```json\n([\s\S]+?)```/.exec(text)?.[1]
    assert.ok(example !== undefined)
    layerFromData(JSON.parse(example), 'file', 'docs/configuration.md')
  })
})
