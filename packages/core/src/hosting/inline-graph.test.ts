import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Logger } from '../observe/logger.js'
import { defineService } from '../service/define-service.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceClass, ServiceDefinition } from '../service/service-definition.js'
import { deferred } from '../util/deferred.js'
import { InlineGraph } from './inline-graph.js'
import { limitLastCalls } from './last-calls.js'

/** What is logged, and the services of a test, told what happens to them. */
function hanging() {
  const happened: string[] = []
  const warned: unknown[] = []
  const begun = deferred()
  const end = deferred()
  const Back = defineService(
    class Back {
      async work() {
        begun.resolve()
        await end.promise
        happened.push('work ended')
      }
      onStop() {
        happened.push('Back stopped')
      }
    },
    { apis: { work: {} } },
  )
  const Front = defineService(
    class Front {
      declare back: { work(): Promise<void> }
      ask() {
        return this.back.work()
      }
      onStop() {
        happened.push('Front stopped')
        setImmediate(end.resolve)
      }
    },
    { dependencies: { back: Back }, apis: { ask: {} } },
  )
  const nothing = () => {}
  const log: Logger = {
    ...{ debug: nothing, info: nothing, error: nothing },
    warn: (fields: unknown) => void warned.push(fields),
    child: () => log,
  }
  return { Back, Front, log, begun, end, happened, warned }
}

/** A call that goes on for nobody. */
async function leaveCall(graph: InlineGraph, service: ServiceClass, api: string, begun: Promise<void>): Promise<void> {
  const { transport } = await graph.start(definitionOf(service) as ServiceDefinition)
  const leaving = new AbortController()
  const { signal } = leaving
  const called = transport.call(api, {}, { requestId: 'one', signal })
  await begun
  leaving.abort()
  await assert.rejects(called, { code: 'EKB_ERR_ABORTED' })
}

test('a service is stopped after its last call, though nobody waits for that any more', async () => {
  const { Back, log, begun, end, happened, warned } = hanging()
  const graph = new InlineGraph({ log })
  await leaveCall(graph, Back, 'work', begun.promise)
  const stopped = graph.stop()
  setImmediate(end.resolve)
  await stopped
  assert.deepEqual(happened, ['work ended', 'Back stopped'])
  assert.deepEqual(warned, [])
})

test('what others depend on waits for its calls when those have stopped', async () => {
  const { Front, log, begun, happened } = hanging()
  const graph = new InlineGraph({ log })
  await leaveCall(graph, Front, 'ask', begun.promise)
  await graph.stop()
  assert.deepEqual(happened, ['Front stopped', 'work ended', 'Back stopped'])
})

test('a call that never ends is waited for as long as calls get, and told of', async () => {
  const { Back, log, begun, happened, warned } = hanging()
  const graph = new InlineGraph({ log, lastCallsMs: 1 })
  await leaveCall(graph, Back, 'work', begun.promise)
  await graph.stop()
  assert.deepEqual(happened, ['Back stopped'])
  assert.deepEqual(warned, [{ service: 'Back', apis: ['work'], calls: 1 }])
})

test('the end of the process, set before or meanwhile, limits what calls get', async () => {
  for (const isEnding of [true, false]) {
    const { Back, log, begun, happened } = hanging()
    const graph = new InlineGraph({ log })
    await leaveCall(graph, Back, 'work', begun.promise)
    try {
      limitLastCalls(isEnding ? -1 : 60_000)
      const stopped = graph.stop()
      setImmediate(() => limitLastCalls(0))
      await stopped
    } finally {
      limitLastCalls(undefined)
    }
    assert.deepEqual(happened, ['Back stopped'])
  }
})
