import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { isServiceError } from '../errors/service-error.js'
import type { Logger } from '../observe/logger.js'
import type { CallContext } from '../service/call-context.js'
import { defineService } from '../service/define-service.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceClass } from '../service/service-definition.js'
import { deferred } from '../util/deferred.js'
import { monotonicMs } from '../util/monotonic.js'
import { ApiStream } from './api-stream.js'
import type { CallRequest } from './call-request.js'
import { Runner, type RunnerOptions } from './runner.js'

const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
const request: CallRequest = {
  requestId: 'r1',
  traceparent: undefined,
  deadlineAt: undefined,
  signal: new AbortController().signal,
  headers: undefined,
  remoteAddress: undefined,
  response: undefined,
}

function runnerOf(service: ServiceClass, options: Partial<RunnerOptions> = {}): Runner {
  const definition = definitionOf(service)
  assert.ok(definition)
  const instance = new (service as new () => object)()
  return new Runner({ definition, instance, slot: 3, log, ...options })
}

const slowText = z.object({ text: z.string() }).refine(async () => true)

const Api = defineService(
  class Api {
    readonly suffix = '!'
    readonly gate = deferred()
    plain({ text }: { text: string }) {
      return `${text}${this.suffix}`
    }
    async later({ text }: { text: string }) {
      return text
    }
    typed({ count }: { count: number }) {
      return { count, extra: true }
    }
    asyncInput({ text }: { text: string }) {
      return text
    }
    wrong() {
      return { count: 'many' } as unknown as { count: number }
    }
    async wrongLater() {
      return { count: 'many' } as unknown as { count: number }
    }
    throws(): string {
      throw new Error('at once')
    }
    async wait() {
      await this.gate.promise
    }
    context(_: unknown, context: CallContext) {
      return context
    }
  },
  {
    apis: {
      plain: {},
      later: {},
      typed: {
        input: z.object({ count: z.coerce.number().default(7) }),
        output: z.object({ count: z.number().transform((count) => count + 1) }),
      },
      asyncInput: { input: slowText },
      wrong: { output: z.object({ count: z.number() }) },
      wrongLater: { output: z.object({ count: z.number() }) },
      throws: {},
      wait: {},
      context: {},
    },
  },
)

describe('Runner', () => {
  test('calls the method on its instance, and makes no promise of its own', () => {
    const runner = runnerOf(Api)
    assert.equal(runner.invoke('plain', { text: 'a' }, request), 'a!')
    assert.deepEqual(runner.invoke('typed', {}, request), { count: 8 })
    assert.equal(runner.inFlight, 0)
  })

  test('waits for a method or a schema that does', async () => {
    const runner = runnerOf(Api)
    const later = runner.invoke('later', { text: 'a' }, request)
    assert.ok(later instanceof Promise)
    assert.equal(runner.inFlight, 1)
    assert.equal(await later, 'a')
    assert.equal(await runner.invoke('asyncInput', { text: 'b' }, request), 'b')
    assert.equal(runner.inFlight, 0)
  })

  test('gives the method what the input schema yields, and the caller what the output schema does', () => {
    const runner = runnerOf(Api)
    assert.deepEqual(runner.invoke('typed', { count: '41' }, request), { count: 42 })
  })

  test('refuses an input that is not valid, issue by issue', () => {
    const runner = runnerOf(Api)
    assert.throws(
      () => runner.invoke('typed', { count: 'x' }, request),
      (error) => {
        assert.ok(isServiceError(error, 'EKB_ERR_VALIDATION'))
        assert.equal(error.statusCode, 400)
        assert.deepEqual(
          (error.detail as { path: unknown }[]).map(({ path }) => path),
          [['count']],
        )
        return true
      },
    )
    assert.equal(runner.inFlight, 0)
  })

  test('refuses an output that is not what the schema says', async () => {
    const runner = runnerOf(Api)
    assert.throws(() => runner.invoke('wrong', {}, request), { code: 'EKB_ERR_OUTPUT_INVALID', statusCode: 500 })
    await assert.rejects(async () => runner.invoke('wrongLater', {}, request), { code: 'EKB_ERR_OUTPUT_INVALID' })
    assert.equal(runner.inFlight, 0)
  })

  test('lets through what the method throws', () => {
    const runner = runnerOf(Api)
    assert.throws(() => runner.invoke('throws', {}, request), { message: 'at once' })
    assert.equal(runner.inFlight, 0)
  })

  test('knows only apis', () => {
    const runner = runnerOf(Api)
    for (const name of ['suffix', 'constructor', 'toString', 'nothing']) {
      assert.throws(() => runner.invoke(name, {}, request), { code: 'EKB_ERR_SERVICE_NOT_AN_API' })
    }
  })

  test('does not begin what nobody waits for any more', async () => {
    const runner = runnerOf(Api)
    const late = { ...request, deadlineAt: monotonicMs() - 1 }
    assert.throws(() => runner.invoke('plain', { text: 'a' }, late), { code: 'EKB_ERR_TIMEOUT', statusCode: 504 })
    assert.equal(runner.invoke('plain', { text: 'a' }, { ...request, deadlineAt: monotonicMs() + 60_000 }), 'a!')
    // Its time passes while the schema is at work.
    let reads = 0
    const passing = {
      ...request,
      get deadlineAt() {
        return reads++ === 0 ? monotonicMs() + 60_000 : monotonicMs() - 1
      },
    }
    await assert.rejects(async () => runner.invoke('asyncInput', { text: 'a' }, passing), { code: 'EKB_ERR_TIMEOUT' })
  })

  test('is idle when the last call has ended, however it did', async () => {
    const runner = runnerOf(Api)
    await runner.whenIdle()
    const instance = new Api()
    const busy = runnerOf(Api, { instance })
    const calls = [busy.invoke('wait', {}, request), busy.invoke('wait', {}, request)]
    const idle = busy.whenIdle()
    instance.gate.reject(new Error('ended'))
    await idle
    assert.equal(busy.inFlight, 0)
    assert.deepEqual(
      (await Promise.allSettled(calls)).map(({ status }) => status),
      ['rejected', 'rejected'],
    )
  })

  test('runs a call inside what knows the current one', () => {
    const seen: string[] = []
    const runner = runnerOf(Api, {
      inCall: (current, run) => {
        seen.push(current.requestId)
        return run()
      },
    })
    assert.equal(runner.invoke('plain', { text: 'a' }, request), 'a!')
    assert.deepEqual(seen, ['r1'])
  })

  test('refuses at boot a JSON Schema that is none', () => {
    const Broken = defineService(
      class Broken {
        run() {}
      },
      { apis: { run: { input: { type: 'objekt' } } } },
    )
    assert.throws(() => runnerOf(Broken), { code: 'EKB_ERR_CONFIG_INVALID', message: /apis\.run\.input/ })
  })
})

describe('the context of a call', () => {
  const contextOf = (runner: Runner, of: Partial<CallRequest> = {}): CallContext =>
    runner.invoke('context', {}, { ...request, ...of }) as CallContext

  test('says where and for whom it runs', () => {
    const context = contextOf(runnerOf(Api))
    assert.deepEqual([context.service, context.slot, context.requestId], ['Api', 3, 'r1'])
    assert.deepEqual([context.deadline, context.headers, context.traceparent], [undefined, undefined, undefined])
    assert.equal(context.signal, request.signal)
  })

  test('has a response without effect on an inner call', () => {
    const { response } = contextOf(runnerOf(Api))
    response.statusCode = 404
    response.setHeader('x', 'y')
    assert.equal(response.statusCode, 404)
  })

  test('tells the deadline on the wall clock, the same each time', () => {
    const before = Date.now()
    const context = contextOf(runnerOf(Api), { deadlineAt: monotonicMs() + 10_000 })
    const first = context.deadline ?? 0
    assert.ok(first >= before + 9_990 && first <= Date.now() + 10_010, `${first - before} ms from now`)
    assert.equal(context.deadline, first)
  })

  test('logs with the ids of its call', () => {
    const bindings: object[] = []
    const child: Logger['child'] = (fields) => {
      bindings.push(fields)
      return log
    }
    const runner = runnerOf(Api, { log: { ...log, child } })
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    const context = contextOf(runner, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
    assert.deepEqual(bindings, [])
    assert.equal(context.log, context.log)
    assert.deepEqual(bindings, [{ requestId: 'r1', traceId }])
  })

  test('says when the worker begins to drain', () => {
    const runner = runnerOf(Api)
    const { draining } = contextOf(runner)
    assert.equal(draining.aborted, false)
    runner.beginDrain()
    assert.equal(draining.aborted, true)
    assert.equal(contextOf(runner).draining.aborted, true)
  })
})

describe('a stream', () => {
  const Streams = defineService(
    class Streams {
      readonly seen: string[] = []
      async *count({ to }: { to: number }) {
        try {
          for (let n = 1; n <= to; n++) yield { n, more: true }
        } finally {
          this.seen.push('ended')
        }
      }
      *wrong() {
        yield { n: 'one' } as unknown as { n: number }
      }
      list() {
        return Promise.resolve([1, 2])
      }
      none() {
        return 5
      }
    },
    {
      apis: {
        count: { output: z.object({ n: z.number() }) },
        wrong: { output: z.object({ n: z.number() }) },
        list: { stream: true },
        none: { stream: true },
      },
    },
  )

  async function open(runner: Runner, api: string, input: unknown = {}): Promise<ApiStream> {
    const opened = await runner.invoke(api, input, request)
    assert.ok(opened instanceof ApiStream)
    return opened
  }

  test('is in flight until its last item, and each item is checked', async () => {
    const steps: string[] = []
    const runner = runnerOf(Streams, {
      inCall: (current, run) => {
        steps.push(current.requestId)
        return run()
      },
    })
    const items: unknown[] = []
    const stream = await open(runner, 'count', { to: 2 })
    let ended = 0
    stream.onEnd(() => ended++)
    for await (const item of stream) {
      items.push(item)
      assert.equal(runner.inFlight, 1)
    }
    assert.deepEqual(items, [{ n: 1 }, { n: 2 }])
    assert.deepEqual([runner.inFlight, ended], [0, 1])
    stream.onEnd(() => ended++)
    assert.equal(ended, 2)
    // The call itself, and each of three steps.
    assert.deepEqual(steps, ['r1', 'r1', 'r1', 'r1'])
    assert.deepEqual(await stream.next(), { done: true, value: undefined })
  })

  test('ends when it is closed, begun or not', async () => {
    const runner = runnerOf(Streams)
    const untouched = await open(runner, 'count', { to: 2 })
    const begun = await open(runner, 'count', { to: 2 })
    await begun.next()
    assert.equal(runner.inFlight, 2)
    await Promise.all([untouched.return(), begun.return(), begun.return()])
    assert.equal(runner.inFlight, 0)
    await runner.whenIdle()
  })

  test('ends with an item that its schema refuses', async () => {
    const runner = runnerOf(Streams)
    const stream = await open(runner, 'wrong')
    await assert.rejects(stream.next(), { code: 'EKB_ERR_OUTPUT_INVALID' })
    assert.equal(runner.inFlight, 0)
  })

  test('may be anything that can be iterated, and nothing else', async () => {
    const runner = runnerOf(Streams)
    const items: unknown[] = []
    for await (const item of await open(runner, 'list')) items.push(item)
    assert.deepEqual(items, [1, 2])
    await assert.rejects(open(runner, 'none'), { code: 'EKB_ERR_OUTPUT_INVALID' })
    assert.equal(runner.inFlight, 0)
  })
})
