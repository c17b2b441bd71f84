import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { call, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Shown {
  readonly env: Record<string, string>
  readonly atLoad: string
  readonly title: string
  readonly heapLimit: number
  readonly own: string[]
  readonly grandchild: string[]
}

const isSocket = (target: string): boolean => target.startsWith('socket:')

describe('what a worker is given', () => {
  it('is its service, its slot, and what the service declares unless the system sets it', async () => {
    const env = { PRESET: 'by the system', LISTEN_FDS: '1', NOTIFY_SOCKET: '/nowhere' }
    await using server = await serveFixture('environment', [], { env })
    const { body } = await call<Shown>(server.url, 'show')
    assert.equal(body.env.EKIBEN_SERVICE, 'Shown')
    assert.equal(body.env.EKIBEN_SLOT, '0')
    assert.equal(body.env.NODE_ENV, 'production')
    assert.equal(body.env.DECLARED, 'by the service')
    assert.equal(body.atLoad, 'by the service')
    assert.equal(body.env.PRESET, 'by the system')
    assert.match(body.title, /^ekiben: Shown#0 g1$/)
    assert.ok(body.heapLimit < 600 * 1024 * 1024)
    for (const name of ['LISTEN_FDS', 'NOTIFY_SOCKET', 'EKIBEN_WORKER_TOKEN', 'NODE_CHANNEL_FD']) {
      assert.equal(body.env[name], undefined, name)
    }
    assert.equal(await server.stop(), 0)
  })

  it('is what the service declares for every entry worker, though some began before that was known', async () => {
    await using server = await serveFixture('environment', ['--api-workers', '2'])
    const seen = new Map<string | undefined, string>()
    await waitUntil(async () => {
      const { body } = await call<Shown>(server.url, 'show')
      seen.set(body.env.EKIBEN_SLOT, body.atLoad)
      return seen.size === 2
    })
    assert.deepEqual([...seen.values()], ['by the service', 'by the service'])
    assert.equal(await server.stop(), 0)
  })

  it('is of its own service alone, with what the configuration adds', async () => {
    await using server = await serveFixture('own-environments:Front', ['--set', 'Back.env.EXTRA=more'])
    const { body } = await call<Record<string, { model: string; extra: string | null }>>(server.url, 'show')
    assert.deepEqual(body, { front: { model: 'large', extra: null }, back: { model: 'small', extra: 'more' } })
    assert.equal(await server.stop(), 0)
  })

  it('is no socket of ours for what it starts itself', async () => {
    await using server = await serveFixture('environment')
    const { body } = await call<Shown>(server.url, 'show')
    const ours = body.own.filter(isSocket)
    assert.ok(ours.length > 0)
    // The grandchild's own stdio are sockets that spawnSync made for it.
    assert.deepEqual(
      body.grandchild.filter((target) => ours.includes(target)),
      [],
    )
    assert.equal(await server.stop(), 0)
  })
})
