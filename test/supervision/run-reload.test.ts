import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { steadyLoad } from '../helpers/steady-load.js'
import { waitUntil } from '../helpers/wait-until.js'

/** An app that answers a POST after a moment, with its version. */
const app = (version: string, atStart = ''): string => `
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
${atStart}
const server = createServer(async (request, response) => {
  request.resume()
  await sleep(5)
  response.end('${version}')
})
server.listen(process.env.PORT, '127.0.0.1')
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

function start(path: string, more: readonly string[] = []): Promise<ServingCommand> {
  const flags = ['--port', '0', '--host', '127.0.0.1', '--api-workers', '2', '--log-format', 'json', '--name', 'app']
  return startServing([EKIBEN, 'run', 'main.mjs', ...flags, ...more], { cwd: path })
}

function reload(run: ServingCommand): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return runNodeToEnd([EKIBEN, 'reload', '--instance', 'app'], { runtimeDir: run.runtimeDir })
}

const versionOf = async (run: ServingCommand): Promise<string> =>
  (await fetch(run.url, { method: 'POST', headers: { connection: 'close' } })).text()

describe('a reload of an app', () => {
  it('takes its new main file into service without losing a request', async () => {
    await using project = await projectFolder({ 'package.json': { type: 'module' }, 'main.mjs': app('one') })
    await using run = await start(project.path)
    const load = steadyLoad(run.url, 6)
    for (const version of ['two', 'three', 'four']) {
      await writeFile(join(project.path, 'main.mjs'), app(version))
      const { code, stderr } = await reload(run)
      assert.equal(code, 0, stderr)
      await waitUntil(async () => (await versionOf(run)) === version, { describe: `version ${version}` })
    }
    const { ok, failed } = await load.stop()
    assert.deepEqual(failed, [])
    assert.ok(ok > 100, `${ok} requests`)
    assert.equal(await run.stop(), 0)
  })

  it('keeps the address of each worker, where nobody is refused', async () => {
    await using project = await projectFolder({ 'package.json': { type: 'module' }, 'main.mjs': app('one') })
    await using run = await start(project.path, ['--worker-listen', 'unix:{slot}.sock'])
    const slots = [0, 1].map((slot) => ({ socketPath: join(project.path, `${slot}.sock`) }))
    const loads = slots.map((slot) => steadyLoad(slot, 4))
    for (const version of ['two', 'three']) {
      await writeFile(join(project.path, 'main.mjs'), app(version))
      assert.equal((await reload(run)).code, 0)
      const seen = loads.map((load) => load.ok())
      await waitUntil(() => loads.every((load, slot) => load.ok() > (seen[slot] as number) + 20), {
        describe: 'answers on both after the reload',
      })
    }
    for (const load of loads) assert.deepEqual((await load.stop()).failed, [])
    assert.equal(await run.stop(), 0)
  })

  it('changes nothing where the new one throws, or does not listen', async () => {
    await using project = await projectFolder({ 'package.json': { type: 'module' }, 'main.mjs': app('one') })
    await using run = await start(project.path)
    const load = steadyLoad(run.url, 4)
    for (const bad of [app('two', "throw new Error('no such database')"), 'export {}', 'this is no JavaScript']) {
      await writeFile(join(project.path, 'main.mjs'), bad)
      const { code, stderr, stdout } = await reload(run)
      assert.equal(code, 1, `${stdout}${stderr}`)
      assert.equal(await versionOf(run), 'one')
    }
    assert.deepEqual((await load.stop()).failed, [])
    assert.equal(await run.stop(), 0)
  })

  it('replaces workers that are killed, and only their own requests fail', async () => {
    await using project = await projectFolder({ 'package.json': { type: 'module' }, 'main.mjs': app('one') })
    await using run = await start(project.path)
    const { stdout } = await runNodeToEnd([EKIBEN, 'ps', '--json'], { runtimeDir: run.runtimeDir })
    const [{ services }] = JSON.parse(stdout) as [{ services: { name: string; workers: { pid: number }[] }[] }]
    assert.deepEqual(
      services.map(({ name }) => name),
      ['app'],
    )
    const pids = services.flatMap(({ workers }) => workers.map(({ pid }) => pid))
    assert.equal(pids.length, 2)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await waitUntil(() => versionOf(run).catch(() => undefined), { describe: 'an answer again' })
    assert.equal(await run.stop(), 0)
  })
})
