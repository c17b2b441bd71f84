import assert from 'node:assert/strict'
import { test } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { call, EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

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
      await sleep(3_500)
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

const APP = `
import { servePlugin } from '@ekiben/fastify-plugin'
import Fastify from 'fastify'
import { Counter, Orders } from './service.mjs'

export const app = Fastify({ pluginTimeout: 3_000 })
app.register(servePlugin, { uses: [Counter] })
app.register(servePlugin, { service: Orders, system: 'all' })
app.post('/direct', async () => ({ app: process.pid, ...(await app.ekiben.client(Orders).place({})) }))
app.post('/own', async () => app.ekiben.client(Counter).count({}))
`

const FLAGS = ['--host', '127.0.0.1', '--api-workers', '2', '--log-format', 'json']

/** How the app gets to listen: its main file, and the command. */
const WAYS = {
  'ekiben run': {
    main: `import { app } from './app.mjs'
await app.listen({ port: Number(process.env.PORT) })`,
    args: [EKIBEN, 'run', 'main.mjs', '--port', '0', ...FLAGS],
  },
  bootstrapProduction: {
    main: `import { bootstrapProduction } from '@ekiben/fastify-plugin'
await bootstrapProduction(async () => (await import('./app.mjs')).app, {
  port: 0, host: '127.0.0.1', apiWorkers: 2, logFormat: 'json',
})`,
    args: ['main.mjs'],
  },
}

interface Placed {
  readonly orders: number
  readonly counter: number
  readonly started: boolean
}

for (const [way, { main, args }] of Object.entries(WAYS)) {
  test(`under ${way} the mounted service is in the app's worker, and what it depends on in a pool`, async () => {
    const manifest = { name: 'shop', type: 'module' }
    const files = { 'package.json': manifest, 'service.mjs': SERVICE, 'app.mjs': APP, 'main.mjs': main }
    await using project = await projectFolder(files, { packages: ['fastify', '@ekiben/fastify-plugin'] })
    const env = { NODE_ENV: 'production' }
    await using app = await startServing(args, { cwd: project.path, env })
    const { body: placed } = await call<Placed>(app.url, 'place')
    assert.equal(placed.started, true)
    assert.notEqual(placed.orders, placed.counter)
    assert.deepEqual((await call(app.url, 'own')).body, { counter: placed.counter })
    const { body: direct } = await call<Placed & { app: number }>(app.url, 'direct')
    assert.deepEqual([direct.orders, direct.counter], [direct.app, placed.counter])
    assert.equal((await fetch(`${app.url}/readyz`)).status, 200)
    // What a worker has counted that does not answer in time is told at the next question.
    await waitUntil(async () => {
      const metrics = await (await fetch(`${app.url}/metrics`)).text()
      return assert.match(metrics, /^ekiben_requests_total\{service="shop",api="place",code="200"\} 1$/m) ?? true
    })
    assert.equal(await app.stop(), 0)
  })
}
