/**
 * The same api as bare-server.mjs, as a service on the built-in host, on the descriptor it inherits. With the argument
 * `counting` it counts its requests and reports them each second, as a worker does.
 */
import { createRequire } from 'node:module'
import { z } from 'zod'

const require = createRequire(import.meta.url)
const { NodeHost } = require('../../packages/core/build/http/node-host.js')
const { WorkerCounts } = require('../../packages/core/build/metrics/worker-counts.js')
const { Runner } = require('../../packages/core/build/runner/runner.js')
const { defineService } = require('../../packages/core/build/service/define-service.js')
const { definitionOf } = require('../../packages/core/build/service/registry.js')

let classified = 0
const TextClassifier = defineService(
  class TextClassifier {
    async classify({ text }) {
      classified++
      return { label: 'length', score: text.length }
    }
  },
  { apis: { classify: { input: z.object({ text: z.string() }) } }, module: import.meta.url },
)

const log = { debug() {}, info() {}, warn: console.warn, error: console.error, child: () => log }
const definition = definitionOf(TextClassifier)
const runner = new Runner({ definition, instance: new TextClassifier(), slot: 0, log })
const counts = process.argv.includes('counting') ? new WorkerCounts() : undefined
if (counts !== undefined) setInterval(() => process.send({ report: counts.take() }), 1_000)
const host = new NodeHost({
  definition,
  handler: runner.invoke.bind(runner),
  log,
  accessLog: false,
  keepAliveTimeoutMs: 75_000,
  timeoutMs: undefined,
  isReady: () => true,
  counts: counts?.requests,
})
await host.listen({ fd: 4, backlog: 2048 })
process.send('listening')
process.on('message', () => process.send({ count: classified, at: performance.now(), ...process.cpuUsage() }))
