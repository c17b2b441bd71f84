import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { runNode } from '../helpers/run-node.js'
import { call, EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const SERVICE = `
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineService } from '@ekiben/core'

export const Counter = defineService(
  class Counter {
    count(_input, { slot }) {
      return { pid: process.pid, slot }
    }
    onStop() {
      console.log('Counter stopped')
    }
  },
  { apis: { count: {} } },
)

export const state = { started: false, asked: 0 }

export const Orders = defineService(
  class Orders {
    async onStart() {
      console.log('Orders starts')
      while (!existsSync('.go')) await sleep(10)
      state.started = true
    }
    isReady() {
      state.asked++
      return state.asked > 1
    }
    async place(_input, { slot }) {
      return { pid: process.pid, slot, ownSlot: Number(process.env.EKIBEN_SLOT), counter: await this.counter.count({}) }
    }
    async *ticks(_input, { draining }) {
      yield 'first '
      if (!draining.aborted) await new Promise((resolve) => draining.addEventListener('abort', resolve))
      yield 'last'
    }
    onStop() {
      console.log('Orders stopped')
    }
  },
  { dependencies: { counter: Counter }, apis: { place: {}, ticks: { stream: true } } },
)
`

/** Neither has anything of its own that waits for the services. */
const APPS: Readonly<Record<string, { readonly packages: readonly string[]; readonly app: string }>> = {
  express: {
    packages: ['express', '@ekiben/express-adapter'],
    app: `
import { createServer } from 'node:http'
import { serve } from '@ekiben/express-adapter'
import express from 'express'
import { Orders, state } from './service.mjs'

const app = express()
app.use(serve(Orders, { system: 'all', dependencies: 'inline' }))
let atListening
app.get('/state', (_request, response) => response.json({ ...state, atListening }))
createServer(app).listen(process.env.PORT, () => {
  atListening = state.started
})`,
  },
  fastify: {
    packages: ['fastify', '@ekiben/fastify-plugin'],
    app: `
import { servePlugin } from '@ekiben/fastify-plugin'
import Fastify from 'fastify'
import { Orders, state } from './service.mjs'

const app = Fastify()
app.register(servePlugin, { service: Orders, system: 'all', dependencies: 'inline' })
let atListening
app.get('/state', async () => ({ ...state, atListening }))
app.addHook('onListen', async () => {
  atListening = state.started
})
await app.listen({ port: Number(process.env.PORT) })`,
  },
}

interface State {
  readonly asked: number
  readonly atListening: boolean
}

interface Placed {
  readonly pid: number
  readonly slot: number
  readonly ownSlot: number
  readonly counter: { readonly pid: number; readonly slot: number }
}

for (const [framework, { packages, app: main }] of Object.entries(APPS)) {
  test(`a worker looks after services that run inline in it, of an app on ${framework}`, async () => {
    const files = { 'package.json': { name: 'shop', type: 'module' }, 'service.mjs': SERVICE, 'main.mjs': main }
    await using project = await projectFolder(files, { packages })
    const run = [EKIBEN, 'run', 'main.mjs', '--port', '0', '--host', '127.0.0.1', '--api-workers', '2']
    await using app = await runNode([...run, '--log-format', 'json'], { cwd: project.path })
    const told = (what: RegExp): Promise<true> =>
      waitUntil(() => (what.test(app.stdout()) ? true : undefined), {
        describe: () => `${what}:\n${app.stdout()}${app.stderr()}`,
      })
    await told(/^Orders starts$/m)
    await writeFile(`${project.path}/.go`, '')
    await told(/"msg":"ready"/)
    const url = String(logLines(app.stdout()).find(({ msg }) => msg === 'ready')?.url)
    const headers = { connection: 'close' }
    const state = (await (await fetch(`${url}/state`, { headers })).json()) as State
    assert.deepEqual([state.asked > 1, state.atListening], [true, true])
    let placed = 0
    const slots = new Set<number>()
    await waitUntil(async () => {
      const { body } = await call<Placed>(url, 'place')
      placed++
      assert.deepEqual([body.slot, body.counter], [body.ownSlot, { pid: body.pid, slot: body.ownSlot }])
      return slots.add(body.slot).size === 2
    })
    // What a worker has counted that does not answer in time is told at the next question.
    await waitUntil(async () => {
      const metrics = await (await fetch(`${url}/metrics`)).text()
      const counted = `ekiben_requests_total{service="shop",api="place",code="200"} ${placed}`
      return metrics.split('\n').includes(counted)
    })
    const ticks = await fetch(`${url}/ticks`, { method: 'POST', headers })
    app.kill('SIGTERM')
    const [{ code }, said] = await Promise.all([app.exited, ticks.text()])
    assert.equal(said, 'first last')
    assert.equal(code, 0, app.stderr())
    const stopped = app.stdout().match(/^\w+ stopped$/gm)
    assert.deepEqual(stopped?.sort(), ['Counter stopped', 'Counter stopped', 'Orders stopped', 'Orders stopped'])
  })
}
