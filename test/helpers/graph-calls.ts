import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { call, logLines, serveFixture } from './serve-fixture.js'
import type { ServingCommand } from './serving-command.js'
import { waitUntil } from './wait-until.js'

interface Facts {
  readonly waiting: number
  readonly ended: readonly string[]
}

/** The deadline that each of them has, and the last one's whole context. */
interface Contexts {
  readonly front: number
  readonly middle: number
  readonly deep: { readonly deadline: number; readonly [field: string]: unknown }
}

interface Failure {
  readonly code: string
  readonly error: string
  readonly detail?: unknown
}

/** What every call through three services does, whatever their workers are. */
export function callsThroughTheGraph(kind: string, flags: readonly string[]): void {
  describe(`a call through three services, ${kind}`, () => {
    let server: ServingCommand
    before(async () => {
      server = await serveFixture('deep:Front', ['--timeout', '60', ...flags])
    })
    after(() => server[Symbol.asyncDispose]())

    const facts = async (): Promise<Facts> => (await call<Facts>(server.url, 'facts')).body
    const until = (what: string, holds: (facts: Facts) => boolean): Promise<unknown> => {
      let last: Facts | undefined
      return waitUntil(
        async () => {
          last = await facts()
          return holds(last)
        },
        { describe: () => `${what}: ${JSON.stringify(last)}` },
      )
    }

    it('has one deadline, which aborts the last of them', async () => {
      const headers = { 'ekiben-timeout-ms': '500' }
      // On a busy machine it may not even begin in that time.
      await waitUntil(async () => {
        const answer = await fetch(`${server.url}/wait`, { method: 'POST', headers })
        assert.deepEqual([answer.status, ((await answer.json()) as Failure).code], [504, 'EKB_ERR_TIMEOUT'])
        const { waiting, ended } = await facts()
        return waiting + ended.length > 0
      })
      await until('the end of the work below', ({ waiting, ended }) => waiting === 0 && ended.length > 0)
    })

    it('is aborted in all of them when its client leaves', async () => {
      const before = (await facts()).ended.length
      const sent = request(`${server.url}/wait`, { method: 'POST', agent: false }).end()
      sent.on('error', () => {})
      await until('the work below', ({ waiting }) => waiting === 1)
      sent.destroy()
      await until('its end', ({ waiting, ended }) => waiting === 0 && ended.length === before + 1)
      assert.equal((await facts()).ended.at(-1), 'EKB_ERR_ABORTED')
    })

    it('keeps its deadline, its id and its trace, and takes no headers along', async () => {
      const traceparent = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01'
      const headers = {
        'content-type': 'application/json',
        'x-request-id': 'mine-1',
        traceparent,
        authorization: 'secret',
      }
      const response = await fetch(`${server.url}/context`, { method: 'POST', headers, body: '{}' })
      const { front, middle, deep } = (await response.json()) as Contexts
      // Each has it on the wall clock, converted by itself.
      for (const deadline of [middle, deep.deadline]) {
        assert.ok(Math.abs(deadline - front) <= 20, `${front}, ${middle} and ${deep.deadline}`)
      }
      const { deadline: _, ...rest } = deep
      assert.deepEqual(rest, { requestId: 'mine-1', traceparent })
    })

    it("answers a dependency's refusal as its own fault, unless each service makes it its own", async () => {
      const refused = await call<Failure>(server.url, 'refuse')
      assert.deepEqual([refused.status, refused.body.code], [502, 'EKB_ERR_DEPENDENCY_FAILED'])
      assert.doesNotMatch(JSON.stringify(refused.body), /Deep|Middle|order/i)
      const own = await call<Failure>(server.url, 'refuseAsOwn')
      const { code, error, detail } = own.body
      assert.deepEqual([own.status, code, error, detail], [404, 'ORDER_UNKNOWN', 'No order 7', { id: 7 }])
    })

    it('masks a failure below, and logs where it came from', async () => {
      const failed = await call<Failure>(server.url, 'fail')
      assert.deepEqual([failed.status, failed.body.code], [500, 'EKB_ERR_INTERNAL'])
      assert.doesNotMatch(JSON.stringify(failed.body), /Deep|disk/)
      const line = await waitUntil(
        () => logLines(server.stdout()).find(({ msg }) => /the disk is full/.test(msg ?? '')),
        {
          describe: 'the log line of the failure',
        },
      )
      assert.match(JSON.stringify(line), /"service":"Deep"/)
    })
  })
}
