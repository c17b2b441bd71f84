import assert from 'node:assert/strict'
import { it } from 'node:test'
import { logLines, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

it('says in each line of a call who wrote it and for which request, in every service and in the access log', async () => {
  await using server = await serveFixture('logs-each-call:Front', ['--instance', 'logs', '--access-log'])
  const headers = { 'x-request-id': 'r-1', traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }
  assert.equal((await fetch(`${server.url}/say`, { method: 'POST', headers })).status, 200)
  const [front, back, access] = await waitUntil(
    () => {
      const lines = logLines(server.stdout())
      const found = [
        lines.find(({ msg, from }) => msg === 'said' && from === 'Front'),
        lines.find(({ msg, from }) => msg === 'said' && from === 'Back'),
        lines.find(({ msg }) => msg === 'request'),
      ]
      return found.every((line) => line !== undefined) && found
    },
    { describe: () => `three lines:\n${server.stdout()}` },
  )
  for (const [line, service] of [
    [front, 'Front'],
    [back, 'Back'],
    [access, 'Front'],
  ] as const) {
    const { time, pid, ...rest } = line ?? {}
    assert.ok(Math.abs(Number(time) - Date.now()) < 60_000, String(time))
    assert.ok(Number.isInteger(pid) && pid !== server.pid, String(pid))
    const expected = {
      level: 'info',
      instance: 'logs',
      service,
      slot: 0,
      generation: 1,
      requestId: 'r-1',
      traceId: TRACE,
    }
    assert.deepEqual(pick(rest, Object.keys(expected)), expected)
  }
  const { method, route, status, bytes, ms } = access ?? {}
  assert.deepEqual([method, route, status, bytes], ['POST', '/say', 200, 4])
  assert.ok(typeof ms === 'number' && ms >= 0)
  assert.equal(await server.stop(), 0)
})

function pick(from: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, from[key]]))
}
