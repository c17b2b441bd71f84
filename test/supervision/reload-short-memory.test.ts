import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { controlGroup } from '../helpers/control-group.js'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const AMPLE_BYTES = 3_000_000_000
/** Enough for what the reload starts, and too little by what the workers hold. */
const SHORT_BYTES = 250_000_000
const SHORT = 'memory is short: services prove themselves one after another'
const reloaded = (server: ServingCommand) => logLines(server.stdout()).some(({ msg }) => msg === 'reloaded')

/** Reloads; what then happened to the new workers of Left and Right, in order. */
async function reload(server: ServingCommand): Promise<string[]> {
  server.kill('SIGHUP')
  await waitUntil(() => reloaded(server), { describe: () => server.stdout() })
  return logLines(server.stdout()).flatMap(({ msg, generation, service, to }) => {
    const isNews = msg === 'worker state' && generation === 2 && service !== 'Entry'
    return isNews && (to === 'booting' || to === 'ready') ? [`${service} ${to}`] : []
  })
}

describe('a reload proves the services of the new code', () => {
  it('all at once where there is memory', async () => {
    await using server = await serveFixture('heavy:Entry', ['--log-level', 'debug'])
    const order = await reload(server)
    assert.deepEqual(order.slice(0, 2).sort(), ['Left booting', 'Right booting'])
    assert.equal(
      logLines(server.stdout()).some(({ msg }) => msg === SHORT),
      false,
    )
    assert.equal(await server.stop(), 0)
  })

  it('one after another where memory is short', async (t) => {
    const group = await controlGroup('memory', AMPLE_BYTES)
    if (typeof group === 'string') return t.skip(group)
    await using _ = group
    await using server = await serveFixture('heavy:Entry', ['--log-level', 'debug'])
    const { body } = await call<number>(server.url, 'size')
    assert.equal(body, 80_000_000)
    await group.add(server.pid)
    await group.limit(SHORT_BYTES)
    const order = await reload(server)
    assert.deepEqual(order, ['Left booting', 'Left ready', 'Right booting', 'Right ready'])
    assert.ok(logLines(server.stdout()).some(({ msg }) => msg === SHORT))
    assert.equal((await call(server.url, 'size')).status, 200)
    assert.equal(await server.stop(), 0)
  })
})
