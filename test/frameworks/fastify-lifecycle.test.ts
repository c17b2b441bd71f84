import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CallContext, defineService } from '@ekiben/core'
import { servePlugin } from '@ekiben/fastify-plugin'
import { appWith, fastifyApp, post, shop } from '../helpers/fastify-app.js'
import { waitUntil } from '../helpers/wait-until.js'

let lasting = 0

/** Both end when the app begins to close. */
const Lasting = defineService(
  class Lasting {
    async wait(_input: unknown, { draining }: CallContext) {
      lasting++
      await once(draining, 'abort')
      return 'waited'
    }
    async *stream(_input: unknown, { draining }: CallContext) {
      yield 'first'
      lasting++
      await once(draining, 'abort')
      yield 'last'
    }
  },
  { name: 'Lasting', apis: { wait: {}, stream: {} } },
)

describe('services in a Fastify app', () => {
  it('start when the app gets ready, dependencies first, and stop when it closes, dependents first', async () => {
    const { Orders, events } = shop()
    const { app } = appWith(Orders)
    await app.after()
    assert.deepEqual(events, [])
    await app.ready()
    assert.deepEqual(events, ['Counter started', 'Orders started'])
    await app.close()
    assert.deepEqual(events, ['Counter started', 'Orders started', 'Orders stopped', 'Counter stopped'])
    await assert.rejects(app.ekiben.client(Orders).place({}), { code: 'EKB_ERR_MOUNT_CLOSED' })
  })

  for (const [what, path, said] of [
    ['call', '/wait', 'waited'],
    ['stream', '/stream', '"first"\n"last"\n'],
  ] as const) {
    it(`answer a ${what} that has no connection, as in a test of the app's, while it closes`, async () => {
      const { app } = appWith(Lasting)
      const asked = app.inject({ method: 'POST', url: path, headers: { accept: 'application/x-ndjson' } })
      await waitUntil(() => lasting > 0, { describe: 'the api to run' })
      lasting = 0
      await app.close()
      const { statusCode, body } = await asked
      assert.deepEqual([statusCode, body], [200, said])
    })
  }

  it('leave nothing behind in an app that is closed before it was ready', async () => {
    const { Orders, events } = shop()
    const { app } = appWith(Orders)
    await app.after()
    await app.close()
    assert.deepEqual(
      events.filter((event) => event.endsWith('started')).length,
      events.filter((event) => event.endsWith('stopped')).length,
    )
  })

  it('all stop when one of them cannot start, and ready() says why', async () => {
    const { Orders, events } = shop()
    const Broken = defineService(
      class Broken {
        async onStart() {
          await waitUntil(() => events.includes('Orders started'), { describe: 'the others to have started' })
          throw new Error('no model here')
        }
        run() {}
      },
      { name: 'Broken', apis: { run: {} } },
    )
    await using under = appWith(Orders)
    under.app.register(servePlugin, Broken)
    await assert.rejects(async () => under.app.ready(), /no model here/)
    assert.deepEqual(events, ['Counter started', 'Orders started', 'Orders stopped', 'Counter stopped'])
  })

  it("stop when another plugin's failure keeps the app from getting ready, and it is closed", async () => {
    const { Orders, events } = shop()
    const { app } = appWith(Orders)
    app.addHook('onReady', async () => {
      throw new Error('not without my database')
    })
    await assert.rejects(async () => app.ready(), /my database/)
    await app.close()
    assert.deepEqual(events.slice(0, 2).length, events.slice(2).length)
  })

  it('that start for too long fail with the setting to raise, before Fastify says less', async () => {
    const { promise, release } = gate()
    const stopped: string[] = []
    const Slow = defineService(
      class Slow {
        onStart() {
          return promise
        }
        onStop() {
          stopped.push('Slow')
        }
        run() {}
      },
      { name: 'Slow', apis: { run: {} } },
    )
    await using under = appWith(Slow, { pluginTimeout: 2_000 })
    await assert.rejects(async () => under.app.ready(), {
      code: 'EKB_ERR_MOUNT_SLOW_START',
      message: 'Slow did not start within 2000 ms, which is all that the app waits for',
      hint: 'Raise pluginTimeout of Fastify(), or let onStart do less.',
    })
    release()
    await waitUntil(() => stopped.length === 1, { describe: 'what had started late to be stopped' })
  })

  it('may start for as long as they like where the app sets no limit', async () => {
    const Slow = defineService(
      class Slow {
        onStart() {
          return sleep(50)
        }
        run() {
          return { ran: true }
        }
      },
      { name: 'Slow', apis: { run: {} } },
    )
    await using under = appWith(Slow, { pluginTimeout: 0 })
    assert.deepEqual((await post(under.app, '/run')).json(), { ran: true })
  })

  it('answer what has begun when the app closes, and tell long calls before', async () => {
    const events: string[] = []
    const Long = defineService(
      class Long {
        wait(_: object, { draining }: CallContext) {
          events.push('began')
          return new Promise((resolve) => {
            draining.addEventListener('abort', () => {
              events.push('draining')
              resolve({ done: true })
            })
          })
        }
        onStop() {
          events.push('stopped')
        }
      },
      { name: 'Long', apis: { wait: {} } },
    )
    const { app } = appWith(Long)
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const answer = fetch(`${url}/wait`, { method: 'POST', headers: { connection: 'close' } })
    await waitUntil(() => events.includes('began'), { describe: 'the call to begin' })
    await Promise.all([
      app.close(),
      answer.then(async (response) => assert.deepEqual(await response.json(), { done: true })),
    ])
    assert.deepEqual(events, ['began', 'draining', 'stopped'])
  })

  it('cancel the call of a client that leaves, which is no error to the app', async () => {
    const events: string[] = []
    const Long = defineService(
      class Long {
        wait(_: object, { signal }: CallContext) {
          events.push('began')
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              events.push('aborted')
              reject(signal.reason)
            })
          })
        }
        async *count(_: object, { signal }: CallContext) {
          try {
            for (let n = 1; !signal.aborted; n++) yield `${n} `
          } finally {
            events.push('count ended')
          }
        }
      },
      { name: 'Long', apis: { wait: {}, count: {} } },
    )
    // fetch() connects anew once it has broken off, and says nothing on that connection, which Fastify would wait for.
    await using under = fastifyApp({ forceCloseConnections: true })
    const { app, lines } = under
    app.addHook('onError', async () => void events.push('onError'))
    app.register(servePlugin, Long)
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const controller = new AbortController()
    const answer = fetch(`${url}/wait`, { method: 'POST', signal: controller.signal })
    await waitUntil(() => events.includes('began'), { describe: 'the call to begin' })
    controller.abort()
    await assert.rejects(answer)
    await waitUntil(() => events.includes('aborted'), { describe: 'the call to be cancelled' })
    const stream = await fetch(`${url}/count`, { method: 'POST' })
    await stream.body?.cancel()
    await waitUntil(() => events.includes('count ended'), { describe: 'the stream to end' })
    assert.deepEqual(events, ['began', 'aborted', 'count ended'])
    assert.deepEqual(
      lines.filter(({ level }) => level >= 50),
      [],
    )
  })
})

function gate(): { promise: Promise<void>; release: () => void } {
  let release = (): void => {}
  const promise = new Promise<void>((resolve) => {
    release = resolve
  })
  return { promise, release }
}
