/** Apps whose own workers are processes, as they run a main file, and whose pools are threads. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { appProject, mainFile, startApp } from '../helpers/bootstrap-app.js'
import { shownBy } from '../helpers/control-socket.js'
import { EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const APP = resolve('test/fixtures/apps/uses-a-service.mjs')

const BUILD = `({ client }) => {
  const echo = client(Echo)
  return createServer(async (request, response) => {
    // A call that was on its way to a process that is killed may fail.
    const { text, pid } = await echo.say({ text: 'heard' }).catch((error) => ({ text: error.code }))
    response.end(JSON.stringify({ app: process.pid, text, pid }))
  })
}`

interface Heard {
  readonly app: number
  readonly text: string
  readonly pid: number
}

/** Process and thread of each worker, by its service. */
async function placesOf(run: ServingCommand): Promise<Record<string, { pid: number | null; isThread: boolean }[]>> {
  const [shown] = await shownBy(run)
  return Object.fromEntries(
    (shown?.services ?? []).map(({ name, workers }) => [
      name,
      workers.map(({ pid, threadId }) => ({ pid, isThread: threadId !== undefined })),
    ]),
  )
}

const warnings = (run: ServingCommand): unknown[] =>
  logLines(run.stdout()).flatMap(({ code, msg }) => (code === 'EKB_WRN_PLAN_THREADS_APP' ? [msg] : []))

describe('the pools of an app', () => {
  it('are threads where bootstrapProduction is told so, and its own workers are not, which is said', async () => {
    const imports = "import { Echo } from './services.js'"
    const options = '{ threaded: true, apiWorkers: 2, services: { Echo: { workers: 2 } } }'
    await using project = await appProject(mainFile(BUILD, { imports, options }))
    await using run = await startApp(project, 'supervised')
    const heard = async (): Promise<Heard> => (await (await fetch(run.url)).json()) as Heard
    const first = await heard()
    assert.equal(first.text, 'heard')
    const { Echo = [], shop = [] } = await placesOf(run)
    assert.deepEqual(Echo, Array(2).fill({ pid: first.pid, isThread: true }))
    assert.deepEqual(
      shop.map(({ isThread }) => isThread),
      [false, false],
    )
    assert.ok(shop.some(({ pid }) => pid === first.app) && shop.every(({ pid }) => pid !== first.pid))
    assert.equal(warnings(run).length, 1)
    assert.match(String(warnings(run)[0]), /threaded has no effect on the workers of 'shop'/)
    process.kill(first.pid, 'SIGKILL')
    const after = await waitUntil(async () => {
      const next = await heard().catch(() => undefined)
      return next?.text === 'heard' && next.pid !== first.pid && next
    })
    assert.ok(
      shop.some(({ pid }) => pid === after.app),
      run.stdout() + run.stderr(),
    )
    assert.equal(await run.stop(), 0)
  })

  it('are threads where the settings of ekiben run say so of a service', async () => {
    const flags = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--set', 'Hello.threads=true']
    await using run = await startServing([EKIBEN, 'run', APP, ...flags], {})
    assert.equal(await (await fetch(run.url)).text(), 'Hello, pool!')
    const { Hello = [], ...others } = await placesOf(run)
    assert.deepEqual(
      [Hello, Object.values(others).flat()].map((workers) => workers.map(({ isThread }) => isThread)),
      [[true], [false]],
    )
    assert.deepEqual(warnings(run), [])
    assert.equal(await run.stop(), 0)
  })
})
