/** An app may take its time to end, but no more than its worker has; what was cut is said, and the exit code tells. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'

const PACKAGES = ['express', '@ekiben/express-adapter']
const NEVER = 'new Promise(() => setInterval(() => {}, 1_000))'
const LISTEN = "listen(Number(process.env.PORT), '127.0.0.1')"
const FILES = {
  'closes.mjs': `
    import { createServer } from 'node:http'
    import { bootstrapProduction } from '@ekiben/core'
    const server = createServer((_request, response) => response.end())
    await bootstrapProduction(() => ({ server, close: () => ${NEVER} }), {
      host: '127.0.0.1', port: 0, logFormat: 'json', name: 'shop',
      services: { shop: { drainTimeoutMs: 1_000, keepAliveDrainMs: 0 } },
    })`,
  'listens.mjs': `
    import { createServer } from 'node:http'
    createServer((_request, response) => response.end()).${LISTEN}
    process.on('SIGTERM', () => ${NEVER})`,
  'tells.mjs': `
    import { writeFileSync } from 'node:fs'
    import { createServer } from 'node:http'
    import { useService } from '@ekiben/express-adapter'
    import { Ledger } from './ledger.mjs'
    const ledger = useService(Ledger)
    createServer((_request, response) => response.end()).${LISTEN}
    process.once('beforeExit', () => writeFileSync('idle', ''))
    process.on('SIGTERM', async () => console.log('told: ' + await ledger.close()))`,
  'ledger.mjs': `
    import { existsSync, watch } from 'node:fs'
    import { defineService } from '@ekiben/core'
    export const Ledger = defineService(class Ledger {
      // Once its caller has nothing else left to do.
      close() {
        return new Promise((resolve) => {
          const watcher = watch('.', () => look())
          const look = () => {
            if (!existsSync('idle')) return
            watcher.close()
            resolve('closed')
          }
          look()
        })
      }
    }, { name: 'Ledger', apis: { close: {} } })`,
  'throws.mjs': `
    import { createServer } from 'node:http'
    import { defineService } from '@ekiben/core'
    import { serve } from '@ekiben/express-adapter'
    import express from 'express'
    const Greeter = defineService(class Greeter {
      onStop() { console.log('the service has stopped') }
    }, { name: 'Greeter', apis: {} })
    createServer(express().use(serve(Greeter))).${LISTEN}
    process.on('SIGTERM', () => { throw new Error('not now') })`,
  'mounts.mjs': `
    import { createServer } from 'node:http'
    import { defineService } from '@ekiben/core'
    import { serve } from '@ekiben/express-adapter'
    import express from 'express'
    const Greeter = defineService(class Greeter {
      async onStop() { await ${NEVER} }
    }, { apis: {} })
    createServer(express().use(serve(Greeter, { dependencies: 'inline' }))).${LISTEN}`,
}
const RUN = ['--name', 'shop', '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
const LIMITS = ['--set', 'shop.drainTimeoutMs=1000', '--set', 'shop.keepAliveDrainMs=0']

const WAYS: Readonly<Record<string, readonly [args: readonly string[], cut: string]>> = {
  'a close that never ends': [['closes.mjs'], 'the close of the app'],
  'a handler of SIGTERM that never ends': [
    [EKIBEN, 'run', 'listens.mjs', ...RUN, ...LIMITS],
    'what the app does at SIGTERM',
  ],
  'an inline service that never stops': [[EKIBEN, 'run', 'mounts.mjs', ...RUN, ...LIMITS], 'the end of its services'],
}

describe('an app in a worker', () => {
  it('that calls a service in a pool at SIGTERM gets its answer', async () => {
    await using project = await projectFolder(FILES, { packages: PACKAGES })
    const args = [EKIBEN, 'run', 'tells.mjs', ...RUN]
    await using run = await startServing(args, { cwd: project.path, env: { NODE_ENV: 'production' } })
    assert.equal(await run.stop(), 0, run.stdout() + run.stderr())
    assert.match(run.stdout(), /^told: closed$/m)
  })

  it('that throws at SIGTERM has its services stop all the same, and what it threw is said', async () => {
    await using project = await projectFolder(FILES, { packages: PACKAGES })
    const args = [EKIBEN, 'run', 'throws.mjs', ...RUN]
    await using run = await startServing(args, { cwd: project.path, env: { NODE_ENV: 'production' } })
    assert.equal(await run.stop(), 0, run.stdout() + run.stderr())
    assert.match(run.stderr(), /^the app failed at SIGTERM: Error: not now\n {4}at /m)
    assert.match(run.stdout(), /^the service has stopped$/m)
  })

  for (const [way, [args, cut]] of Object.entries(WAYS)) {
    it(`with ${way} ends when its worker's time is over, which is said`, async () => {
      await using project = await projectFolder(FILES, { packages: PACKAGES })
      await using run = await startServing(args, { cwd: project.path, env: { NODE_ENV: 'production' } })
      assert.equal(await run.stop(), 7, run.stdout() + run.stderr())
      const told = logLines(run.stdout()).filter(({ msg }) => msg === 'had to be cut short')
      assert.deepEqual(
        told.map(({ what }) => what),
        [`shop#0: ${cut}`],
        run.stdout(),
      )
    })
  }
})
