import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Greeting, greeterProject } from '../helpers/development-project.js'
import { greets, save, startReloading, stops, words } from '../helpers/reloading.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

/** It has no end of its own at which it closes what it has mounted. */
const APP = `
import express from 'express'
import { serve } from '@ekiben/express-adapter'
import { Greeter } from './service.js'
import { Ticker } from './ticker.js'
const services = serve([Greeter, Ticker], { system: 'probes', dependencies: 'pools' })
express().use(services).listen(Number(process.env.PORT))
`
const TICKER = `
import { api, type CallContext, service } from '@ekiben/core'

@service()
export class Ticker {
  @api({ stream: true })
  async *ticks(_input: unknown, { draining }: CallContext): AsyncGenerator<string> {
    yield 'first '
    if (!draining.aborted) await new Promise((resolve) => draining.addEventListener('abort', resolve))
    yield 'last'
  }
}
`
const HELPER = `
import { api, service } from '@ekiben/core'

@service()
export class Helper {
  @api()
  async pid(): Promise<number> {
    return process.pid
  }

  onStop(): void {
    console.log('Helper stopped', process.pid)
  }
}
`
const PACKAGES = ['tsx', 'express', '@ekiben/express-adapter']

/** Neither a supervisor nor a process that its app has to itself: the pools are of what runs between two changes. */
test("an app under --reload has the pools of dependencies: 'pools' until it is restarted", async () => {
  const files = { 'main.ts': APP, 'ticker.ts': TICKER, 'helper.ts': HELPER }
  await using project = await greeterProject('standard', files, { packages: PACKAGES })
  await using run = await startReloading([EKIBEN, 'run', '--development', '--reload', 'main.ts'], project.path)
  assert.equal((await fetch(`${run.url}/readyz`)).status, 200)
  const first = await greets<Greeting>(run, 'first')
  assert.ok(first.helper !== first.own && first.own !== run.pid)
  await save(project, 'words.ts', words('second'))
  const second = await greets<Greeting>(run, 'second')
  assert.ok(second.helper !== second.own && second.helper !== first.helper)
  const isStopped = ({ helper }: Greeting): boolean => run.stdout().includes(`Helper stopped ${helper}`)
  await waitUntil(() => isStopped(first) || undefined, { describe: run.stdout })
  const ticks = await fetch(`${run.url}/ticks`, { method: 'POST', headers: { connection: 'close' } })
  const [said] = await Promise.all([ticks.text(), stops(run)])
  assert.equal(said, 'first last')
  assert.ok(isStopped(second), run.stdout())
})
