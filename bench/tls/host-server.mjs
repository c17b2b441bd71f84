/** The same api as a service on the built-in host, encrypted as in a worker. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { z } from 'zod'

const require = createRequire(import.meta.url)
const { NodeHost } = require('../../packages/core/build/http/node-host.js')
const { Runner } = require('../../packages/core/build/runner/runner.js')
const { defineService } = require('../../packages/core/build/service/define-service.js')
const { definitionOf } = require('../../packages/core/build/service/registry.js')

const [{ cert, key }] = await once(process, 'message')
let count = 0
const TextClassifier = defineService(
  class TextClassifier {
    async classify({ text }) {
      count++
      return { label: 'length', score: text.length }
    }
  },
  { apis: { classify: { input: z.object({ text: z.string() }) } }, module: import.meta.url },
)
const log = { debug() {}, info() {}, warn: console.warn, error: console.error, child: () => log }
const definition = definitionOf(TextClassifier)
const runner = new Runner({ definition, instance: new TextClassifier(), slot: 0, log })
const host = new NodeHost({
  definition,
  handler: runner.invoke.bind(runner),
  log,
  accessLog: false,
  keepAliveTimeoutMs: 75_000,
  timeoutMs: undefined,
  isReady: () => true,
  tls: {
    cert,
    key,
    minVersion: 'TLSv1.2',
    ticketKeys: randomBytes(48).toString('base64'),
    sessionContext: 'bench',
  },
})
const { port } = await host.listen({ port: 0, host: '127.0.0.1', backlog: 2048 })
process.send({ port })
process.on('message', () => process.send({ count, at: performance.now(), ...process.cpuUsage() }))
