import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const OVER_BUDGET = 'too many restarts of all services together; the next ones wait'
/** Tries after a try that failed, of all services, in a minute. */
const BUDGET = 20
/** They are written down when they have been spawned, which may take a while. */
const WINDOW_MS = 60_000 - 10_000

/** When a service was tried again: the first worker was its start, and the second, after the kill, no repetition. */
function triesOf(server: ServingCommand, service: string): number[] {
  const boots = logLines(server.stdout()).filter((line) => line.service === service && line.to === 'booting')
  return boots.slice(2).map(({ time }) => Number(time))
}

/** A minute is long for all of this, but a busy machine may need longer. */
function assertHeldToBudget(tries: readonly number[]): void {
  const times = tries.toSorted((a, b) => a - b)
  for (const [index, at] of times.entries()) {
    assert.ok((times[index + BUDGET] ?? Infinity) - at > WINDOW_MS, `${BUDGET + 1} tries: ${times.slice(index)}`)
  }
}

/** An optional service may become ready after the instance. */
async function pidOf(server: ServingCommand, service: string): Promise<number> {
  const line = await waitUntil(() =>
    logLines(server.stdout()).find((each) => each.service === service && each.to === 'ready'),
  )
  return Number(line.workerPid)
}

describe('services that keep dying at the same time', () => {
  it('are restarted so often together, whatever each may do alone; one that was well does not wait for them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ekb-'))
    try {
      const flags = [
        '--no-access-log',
        '--log-level',
        'debug',
        '--set',
        'restart.initialMs=1',
        '--set',
        'restart.maxMs=2',
      ]
      await using server = await serveFixture('outage:Api', flags, { env: { OUTAGE_FOLDER: folder } })
      for (const service of ['Deep', 'Extra']) {
        const pid = await pidOf(server, service)
        writeFileSync(join(folder, service), '')
        process.kill(pid, 'SIGKILL')
      }
      const waiting = () => logLines(server.stdout()).filter(({ msg }) => msg === OVER_BUDGET)
      await waitUntil(() => new Set(waiting().map(({ service }) => service)).size === 2, {
        timeoutMs: 60_000,
        describe: () => `both to wait:\n${server.stdout()}`,
      })
      const tries = () => [...triesOf(server, 'Deep'), ...triesOf(server, 'Extra')]
      assert.ok(tries().length >= BUDGET, server.stdout())
      assertHeldToBudget(tries())
      const { api } = (await call<{ api: number }>(server.url, 'work')).body
      process.kill(api, 'SIGKILL')
      await waitUntil(async () => (await call<{ api: number }>(server.url, 'work')).body.api !== api)
      assertHeldToBudget(tries())
      // Said once, until there is room for another try.
      assert.ok(waiting().length <= 2 + tries().length - BUDGET, server.stdout())
      assert.equal(await server.stop(), 0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
