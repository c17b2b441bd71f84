import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { appProject, mainFile, startApp } from '../helpers/bootstrap-app.js'
import type { ProjectFolder } from '../helpers/project-folder.js'
import { logLines } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { steadyLoad } from '../helpers/steady-load.js'
import { waitUntil } from '../helpers/wait-until.js'

const WITH_ECHO = "import { Echo } from './services.js'"
const TWO_WORKERS = '{ apiWorkers: 2 }'

/** A Fastify app that says its version. */
const version = (text: string): string =>
  mainFile(
    `async () => {
      const app = fastify()
      app.post('/', async () => ({ version: '${text}' }))
      app.addHook('onClose', async () => console.log('closed ${text}'))
      return app
    }`,
    { imports: "import fastify from 'fastify'", options: TWO_WORKERS },
  )

/** Tells the supervisor to reload, and waits until it says how that went. */
async function reload(run: ServingCommand): Promise<Record<string, unknown>> {
  const before = outcomes(run).length
  run.kill('SIGHUP')
  return waitUntil(() => outcomes(run)[before], {
    timeoutMs: 60_000,
    describe: () => `the outcome of the reload:\n${run.stdout()}${run.stderr()}`,
  })
}

function outcomes(run: ServingCommand): Record<string, unknown>[] {
  return logLines(run.stdout()).filter(({ msg, code }) => msg === 'reloaded' || /^EKB_ERR_RELOAD/.test(String(code)))
}

async function ask(run: ServingCommand): Promise<string> {
  return (await fetch(run.url, { method: 'POST', headers: { connection: 'close' } })).text()
}

function deploy({ path }: ProjectFolder, main: string): Promise<void> {
  return writeFile(join(path, 'main.js'), main)
}

describe('reload of an app that runs by bootstrapProduction', () => {
  it('runs the new main file without losing a request', async () => {
    await using project = await appProject(version('one'), ['fastify'])
    await using run = await startApp(project, 'supervised')
    const load = steadyLoad(run.url, 8)
    await waitUntil(() => load.ok() > 50, { describe: 'the load to begin' })
    for (const next of ['two', 'three', 'four']) {
      await deploy(project, version(next))
      assert.equal((await reload(run)).msg, 'reloaded')
      assert.deepEqual(JSON.parse(await ask(run)), { version: next })
      const before = load.ok()
      await waitUntil(() => load.ok() > before + 50, { describe: 'the load to go on' })
    }
    const { ok, failed } = await load.stop()
    assert.deepEqual(failed, [])
    assert.ok(ok > 200, `${ok} requests`)
    await waitUntil(() => run.stdout().match(/^closed three$/gm)?.length === 2, { describe: 'the old apps to close' })
    assert.equal(await run.stop(), 0)
  })

  it('refuses one that cannot be built, gives no app, or is never done, and serves on', async () => {
    await using project = await appProject(version('one'), ['fastify'])
    await using run = await startApp(project, 'supervised', { env: { TEST_BOOT_MS: '12000' } })
    for (const [build, reason] of [
      ["() => { throw new Error('no database') }", /no database/],
      ["() => ({ app: 'none' })", /EKB_ERR_BOOTSTRAP_RESULT|returned/],
      ['() => new Promise(() => {})', /12000 ms/],
    ] as const) {
      await deploy(project, mainFile(build))
      const outcome = await reload(run)
      assert.equal(outcome.code, 'EKB_ERR_RELOAD_REFUSED')
      assert.match(String(outcome.msg), reason)
      assert.deepEqual(JSON.parse(await ask(run)), { version: 'one' })
    }
    assert.equal(await run.stop(), 0)
  })

  it('starts what the new app asks for only in the middle of its build, and refuses it where that cannot start', async () => {
    const plain = mainFile("() => (_, res) => res.end('alone')")
    const late = (onStart: string) =>
      mainFile(
        `async ({ client }) => {
          await client(Echo).say({ text: 'first' })
          const other = client(Other)
          return async (_, res) => res.end(await other.say())
        }`,
        {
          imports: `
            import { defineService } from '@ekiben/core'
            ${WITH_ECHO}
            const Other = defineService(
              class Other { async onStart() { ${onStart} } async say() { return 'other' } },
              { apis: { say: {} } },
            )`,
        },
      )
    await using project = await appProject(plain)
    await using run = await startApp(project, 'supervised', { env: { TEST_BOOT_MS: '10000' } })
    await deploy(project, late("throw new Error('no model')"))
    assert.equal((await reload(run)).code, 'EKB_ERR_RELOAD_REFUSED')
    assert.equal(await ask(run), 'alone')
    await deploy(project, late(''))
    assert.equal((await reload(run)).msg, 'reloaded')
    assert.equal(await ask(run), 'other')
    assert.equal(await run.stop(), 0)
  })

  it('starts the pools that the new app calls, and ends those that it does not', async () => {
    const plain = mainFile("() => (_, res) => res.end('alone')")
    const calling = mainFile(
      "({ client }) => { const echo = client(Echo); return async (_, res) => res.end((await echo.say({ text: 'echo' })).text) }",
      { imports: WITH_ECHO },
    )
    await using project = await appProject(plain)
    await using run = await startApp(project, 'supervised')
    assert.equal(await ask(run), 'alone')
    await deploy(project, calling)
    assert.equal((await reload(run)).msg, 'reloaded')
    assert.equal(await ask(run), 'echo')
    await deploy(project, plain)
    assert.equal((await reload(run)).msg, 'reloaded')
    assert.equal(await ask(run), 'alone')
    assert.equal(await run.stop(), 0)
  })
})
