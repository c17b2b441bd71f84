import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { transition, WORKER_EVENTS, WORKER_STATES } from '../../packages/core/src/worker/lifecycle.js'

/** The table of docs/lifecycle.md, made from the code. */
function table(): string {
  const rows = WORKER_STATES.map((state) => {
    const cells = WORKER_EVENTS.map((event) => transition(state, event)?.to ?? '–')
    return `| **${state}** | ${cells.join(' | ')} |`
  })
  const head = `| state ↓ event → | ${WORKER_EVENTS.join(' | ')} |`
  return [head, `|${'---|'.repeat(WORKER_EVENTS.length + 1)}`, ...rows].join('\n')
}

describe('docs/lifecycle.md', () => {
  it('shows the transitions of the code', async () => {
    const text = await readFile(new URL('../../docs/lifecycle.md', import.meta.url), 'utf8')
    assert.ok(text.includes(table()), `put this table into docs/lifecycle.md:\n${table()}`)
  })
})
