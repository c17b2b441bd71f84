import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { serveHttpProduction } from '@ekiben/core/serving'
import { projectFolder } from '../helpers/project-folder.js'
import { call, logLines, SERVICES, serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

type Line = ReturnType<typeof logLines>[number]

const WATCHED = ['--no-access-log', '--log-level', 'debug']
const BACK_OFF_WITHIN_MS = 60_000

function linesOf(server: ServingCommand, msg: string): Line[] {
  return logLines(server.stdout()).filter((line) => line.msg === msg)
}

/** A file that is there until `end`, and is not at first. */
function openCause() {
  const folder = mkdtempSync(join(tmpdir(), 'ekb-'))
  const file = join(folder, 'cause')
  return {
    file,
    begin: () => writeFileSync(file, ''),
    end: () => rmSync(file),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The answer of the next worker that lives long enough; what is cut by a death is sent again. */
async function untilAnswered(url: string, route: string): Promise<{ pid: number }> {
  for (;;) {
    try {
      return (await call<{ pid: number }>(url, route)).body
    } catch (error) {
      // Which of them depends on whether the request was sent before.
      assert.match(String((error as NodeJS.ErrnoException).code), /^(ECONNRESET|EPIPE)$/)
    }
  }
}

describe('a service whose workers keep dying', () => {
  for (const [what, kind] of [
    ['processes', []],
    ['threads', ['--threaded']],
  ] as const) {
    it(`is tried one worker at a time, said once, and comes back by itself when the cause is gone, as ${what}`, async () => {
      using cause = openCause()
      // One that a busy machine lets live a moment longer is not taken for one that stays up.
      const flags = [...kind, ...WATCHED, '--set', 'Flapper.minReadyMs=2000']
      await using server = await serveFixture('flaps-while:Front', flags, { env: { FLAP_WHILE: cause.file } })
      const steady = (await call<number>(server.url, 'steady')).body
      cause.begin()
      const warning = 'workers keep dying; trying again more slowly'
      await waitUntil(() => linesOf(server, warning).length > 0, { timeoutMs: BACK_OFF_WITHIN_MS })
      const before = linesOf(server, 'worker died').length
      // Two slots are empty: without half-open tries they would be filled side by side.
      await waitUntil(() => linesOf(server, 'worker died').length >= before + 4, { timeoutMs: BACK_OFF_WITHIN_MS })
      // Nobody else is touched.
      assert.equal((await call<number>(server.url, 'steady')).body, steady)
      assert.equal((await fetch(`${server.url}/livez`)).status, 200)
      cause.end()
      await waitUntil(() => linesOf(server, 'workers stay up again').length > 0, { timeoutMs: BACK_OFF_WITHIN_MS })
      await waitUntil(() => aliveAtOnce(server).now === 2, { timeoutMs: BACK_OFF_WITHIN_MS })
      assert.equal((await call<number>(server.url, 'flapper')).status, 200)
      assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
      assert.equal(linesOf(server, warning).length, 1, server.stdout())
      assert.equal(aliveAtOnce(server).mostWhileFlapping, 1, server.stdout())
      assert.deepEqual(
        linesOf(server, 'worker died').filter(({ service }) => service !== 'Flapper'),
        [],
      )
      assert.equal(await server.stop(), 0)
    })
  }

  it('is said to flap in the status, with the reason of the last death', async () => {
    using cause = openCause()
    process.env.FLAP_WHILE = cause.file
    const options = { workingDir: SERVICES, port: 0, host: '127.0.0.1', logLevel: 'silent' } as const
    await using server = await serveHttpProduction({ ...options, identifier: 'flaps-while:Front' })
    const flapper = () => server.status().services.find(({ name }) => name === 'Flapper')
    assert.equal(flapper()?.state, 'ready')
    cause.begin()
    await waitUntil(() => flapper()?.state === 'flapping', { timeoutMs: BACK_OFF_WITHIN_MS })
    const { workers = [] } = flapper() ?? {}
    assert.deepEqual([...new Set(workers.map(({ lastExit }) => lastExit))], ['code 9'])
    // A slot that waits for its turn is shown too.
    assert.deepEqual(workers.map(({ slot }) => slot).sort(), [0, 1])
    assert.equal((await fetch(`${server.url}/livez`)).status, 200)
    cause.end()
    await waitUntil(() => flapper()?.state === 'ready', { timeoutMs: BACK_OFF_WITHIN_MS })
    assert.deepEqual(await server.stop(), { exitCode: 0, forced: [] })
  })

  it('goes on when it crashes on every third request, with waits that grow', async () => {
    await using server = await serveFixture('crashes-every-third', WATCHED)
    const pids = new Set<number>()
    for (let request = 0; request < 9; request++) pids.add((await untilAnswered(server.url, 'work')).pid)
    assert.ok(pids.size >= 4)
    const waits = linesOf(server, 'worker died').map(({ restartInMs }) => Number(restartInMs))
    for (const [index, wait] of waits.entries()) {
      const longest = 50 * 2 ** index
      assert.ok(wait >= longest / 2 && wait <= longest, `${waits} at ${index}`)
    }
    assert.ok(waits.length >= 3)
    assert.equal(await server.stop(), 0)
  })

  it('keeps its clients waiting, none refused, when all workers are killed at once', async () => {
    await using server = await serveFixture('crashes-on-request', ['--api-workers', '6', ...WATCHED])
    const pids = linesOf(server, 'worker state').flatMap(({ to, workerPid }) =>
      to === 'ready' ? Number(workerPid) : [],
    )
    assert.equal(pids.length, 6)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    const answers = await Promise.all(Array.from({ length: 30 }, () => untilAnswered(server.url, 'ping')))
    assert.ok(answers.every(({ pid }) => !pids.includes(pid)))
    await waitUntil(() => linesOf(server, 'worker state').filter(({ to }) => to === 'ready').length === 12)
    // They died together: that is no flapping, and all come back at once, though not all at the same moment.
    const waits = linesOf(server, 'worker died').map(({ restartInMs }) => restartInMs)
    assert.ok(waits.length === 6 && new Set(waits).size > 1, String(waits))
    assert.deepEqual(linesOf(server, 'workers keep dying; trying again more slowly'), [])
    assert.equal(await server.stop(), 0)
  })

  it('is tried again until its processes can be started', async () => {
    await using project = await projectFolder({
      'app/service.mjs': `import { defineService } from '@ekiben/core'
        export const App = defineService(class App { ping() { return { pid: process.pid } } }, { apis: { ping: {} } })`,
    })
    const folder = join(project.path, 'app')
    await using server = await serveFixture('service', WATCHED, { cwd: folder })
    const { pid } = (await call<{ pid: number }>(server.url, 'ping')).body
    await rename(folder, `${folder}-away`)
    process.kill(pid, 'SIGKILL')
    const failure = await waitUntil(() => linesOf(server, 'worker died').find(({ reason }) => reason === 'spawn'))
    assert.match(String(failure.exit), /could not be started: spawn .* ENOENT/)
    await rename(`${folder}-away`, folder)
    assert.notEqual((await untilAnswered(server.url, 'ping')).pid, pid)
    assert.equal(await server.stop(), 0)
  })
})

/** From the log: workers of Flapper that live, and most of those that lived at once of the ones tried while it flapped. */
function aliveAtOnce(server: ServingCommand): { now: number; mostWhileFlapping: number } {
  const alive = new Set<unknown>()
  const tries = new Set<unknown>()
  let isFlapping = false
  let mostWhileFlapping = 0
  for (const { msg, service, to, slot } of logLines(server.stdout())) {
    if (service !== 'Flapper') continue
    if (msg === 'workers keep dying; trying again more slowly') isFlapping = true
    if (msg === 'workers stay up again') isFlapping = false
    if (to === 'booting') alive.add(slot)
    if (to === 'booting' && isFlapping) tries.add(slot)
    if (to === 'exited') for (const set of [alive, tries]) set.delete(slot)
    mostWhileFlapping = Math.max(mostWhileFlapping, tries.size)
  }
  return { now: alive.size, mostWhileFlapping }
}
