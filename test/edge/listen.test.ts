import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { call, failFixture, serveFixture } from '../helpers/serve-fixture.js'

/** A foreign server on one address, for the length of a test. */
async function occupy(host: string): Promise<{ port: string } & AsyncDisposable> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return {
    port: String(address.port),
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

describe('an address that cannot be had', () => {
  for (const [taken, wanted] of [
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['127.0.0.1', '0.0.0.0'],
    ['::', '0.0.0.0'],
  ] as const) {
    it(`is named with its owner: ${wanted} while ${taken} is taken`, async () => {
      await using other = await occupy(taken)
      const { code, stderr } = await failFixture('chain:Front', ['--host', wanted, '--port', other.port])
      assert.equal(code, 6, stderr)
      assert.match(stderr, /EKB_ERR_SOCKET_IN_USE/)
      assert.ok(stderr.includes(`${wanted}:${other.port}`), stderr)
      assert.match(stderr, new RegExp(`pid ${process.pid}`))
      assert.match(stderr, /hint: .*--port/)
    })
  }

  it('is refused to a second instance at once, and the first serves on', async () => {
    await using first = await serveFixture('chain:Front')
    const { code, stderr } = await failFixture('chain:Front', ['--port', new URL(first.url).port])
    assert.equal(code, 6, stderr)
    assert.match(stderr, /EKB_ERR_SOCKET_IN_USE/)
    assert.equal((await call(first.url, 'work')).status, 200)
    assert.equal(await first.stop(), 0)
  })

  it('is told apart from one of another machine, and from a name nobody knows', async () => {
    for (const host of ['192.0.2.1', 'no-such-host.invalid']) {
      const { code, stderr } = await failFixture('chain:Front', ['--host', host])
      assert.equal(code, 6, stderr)
      assert.match(stderr, /EKB_ERR_SOCKET_UNAVAILABLE/)
      assert.ok(stderr.includes(host), stderr)
    }
  })
})

describe('an address that can be had', () => {
  it('may be a name', async () => {
    await using server = await serveFixture('crashes-on-request', ['--host', 'localhost'])
    assert.equal((await call(server.url, 'ping')).status, 200)
    assert.equal(await server.stop(), 0)
  })

  it('may be every interface, shown as one that a client can use', async () => {
    await using server = await serveFixture('crashes-on-request', ['--host', '0.0.0.0'])
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/)
    assert.equal((await call(server.url, 'ping')).status, 200)
    assert.equal(await server.stop(), 0)
  })
})
