import assert from 'node:assert/strict'
import { test } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { call, EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { freePort } from '../helpers/socket-facts.js'

const SERVICE = `
import { setTimeout as sleep } from 'node:timers/promises'
import { defineService } from '@ekiben/core'

export const Counter = defineService(
  class Counter {
    count() {
      return { counter: process.pid }
    }
  },
  { apis: { count: {} } },
)

export const Orders = defineService(
  class Orders {
    // For longer than the app below lets Fastify wait.
    async onStart() {
      await sleep(1_000)
      this.started = true
    }
    async place() {
      const { counter } = await this.counter.count({})
      return { orders: process.pid, counter, started: this.started }
    }
  },
  { dependencies: { counter: Counter }, apis: { place: {} } },
)
`

const MAIN = `
import { servePlugin } from '@ekiben/fastify-plugin'
import Fastify from 'fastify'
import { Counter, Orders } from './service.mjs'

const app = Fastify({ pluginTimeout: 500 })
app.register(servePlugin, { uses: [Counter] })
app.register(servePlugin, { service: Orders, system: 'all' })
app.post('/direct', async () => ({ app: process.pid, ...(await app.ekiben.client(Orders).place({})) }))
app.post('/own', async () => app.ekiben.client(Counter).count({}))
await app.listen({ port: Number(process.env.PORT) })
`

const FLAGS = ['--host', '127.0.0.1', '--api-workers', '2', '--log-format', 'json']

interface Placed {
  readonly orders: number
  readonly counter: number
  readonly started: boolean
}

test('under a supervisor the mounted service is in the worker of the app, and what it depends on in a pool', async () => {
  const files = { 'package.json': { name: 'shop', type: 'module' }, 'service.mjs': SERVICE, 'main.mjs': MAIN }
  await using project = await projectFolder(files, { packages: ['fastify', '@ekiben/fastify-plugin'] })
  const port = String(await freePort())
  const args = [EKIBEN, 'run', 'main.mjs', '--port', port, ...FLAGS]
  await using app = await startServing(args, { cwd: project.path })
  const { body: placed } = await call<Placed>(app.url, 'place')
  assert.equal(placed.started, true)
  assert.notEqual(placed.orders, placed.counter)
  assert.deepEqual((await call(app.url, 'own')).body, { counter: placed.counter })
  const { body: direct } = await call<Placed & { app: number }>(app.url, 'direct')
  assert.deepEqual([direct.orders, direct.counter], [direct.app, placed.counter])
  assert.equal((await fetch(`${app.url}/readyz`)).status, 200)
  const metrics = await (await fetch(`${app.url}/metrics`)).text()
  assert.match(metrics, /^ekiben_requests_total\{service="shop",api="place",code="200"\} 1$/m)
  assert.equal(await app.stop(), 0)
})
