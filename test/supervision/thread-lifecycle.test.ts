/** Threads start, serve and stop as processes do, at whatever address and as whatever user. */
import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { cannotActAsOthers } from '../helpers/act-as-others.js'
import { shownBy } from '../helpers/control-socket.js'
import { projectFolder } from '../helpers/project-folder.js'
import { call, EKIBEN, failFixture, logLines, SERVICES, serveFixture } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { backlogOf } from '../helpers/socket-facts.js'
import { callOver } from '../helpers/unix-http.js'
import { waitUntil } from '../helpers/wait-until.js'

const WATCHED = ['--threaded', '--log-format', 'json', '--log-level', 'debug', '--no-access-log']

const IPV6 = Object.values(networkInterfaces()).some((list) => list?.some(({ family }) => family === 'IPv6'))

interface Folder extends AsyncDisposable {
  readonly at: (name: string) => string
  lines(name: string): Promise<string[]>
}

/** A folder in which others may write too. */
async function openFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'ekb-'))
  await chmod(path, 0o777)
  const at = (name: string) => join(path, name)
  return {
    at,
    lines: async (name) => (await readFile(at(name), 'utf8')).trim().split('\n'),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

/** `ekiben serve` on a fixture with every worker a thread, wherever it is to listen. */
function serve(identifier: string, flags: readonly string[], env: Readonly<Record<string, string>>) {
  return startServing([EKIBEN, 'serve', identifier, ...WATCHED, ...flags], { cwd: SERVICES, env })
}

/** Where the workers run, by `service#slot`. */
async function placesOf(
  server: ServingCommand,
): Promise<Map<string, { pid: number; threadId: number; state: string }>> {
  const [shown] = await shownBy(server)
  const workers = shown?.services.flatMap(({ name, workers }) => workers.map((worker) => ({ name, ...worker }))) ?? []
  return new Map(
    workers.map(({ name, slot, pid, threadId = 0, state }) => [`${name}#${slot}`, { pid: pid ?? 0, threadId, state }]),
  )
}

describe('workers that are threads', () => {
  it('start and stop in the same order, as another user, on a Unix socket', async (t) => {
    if (cannotActAsOthers(t)) return
    await using folder = await openFolder()
    const flags = ['--user', 'nobody', '--uds', folder.at('s'), '--timeout', '1']
    await using server = await serve('stops-in-order:Front', flags, { NOTES: folder.at('notes') })
    const all = await placesOf(server)
    const { pid = 0 } = all.get('Front#0') ?? {}
    assert.ok(
      [...all.values()].every((place) => place.pid === pid && place.threadId > 0),
      JSON.stringify([...all]),
    )
    const [, uid] = /^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
    assert.notEqual(uid, '0')
    assert.equal((await callOver(folder.at('s'), 'stubborn', { input: { ms: 3_000 } })).status, 504)
    assert.equal(await server.stop(), 0)
    assert.deepEqual(await folder.lines('notes'), [
      'Front started with pong',
      'stubborn begins',
      'stubborn ends',
      'Front stops with pong',
      'Back stopped',
    ])
  })

  const skip = IPV6 ? false : 'this machine has no IPv6'
  it('listen on IPv6 with the backlog that was asked for, and are cut at the deadline', { skip }, async (t) => {
    await using folder = await openFolder()
    const address = ['--host', '::1', '--port', '0', '--backlog', '17', '--api-workers', '2']
    const limits = ['--set', 'Front.drainTimeoutMs=500', '--set', 'Front.keepAliveDrainMs=0']
    const env = { NOTES: folder.at('notes'), HANG_ON_STOP: '1' }
    await using server = await serve('stops-in-order:Front', [...address, ...limits], env)
    // Each thread has listened on the same socket: the last one would have reset it.
    const backlog = await backlogOf(Number(new URL(server.url).port))
    if (backlog === undefined) t.diagnostic('ss is not installed: the backlog was not read')
    else assert.equal(backlog, 17)
    const cut = assert.rejects(call(server.url, 'stubborn', { ms: 60_000 }))
    await waitUntil(async () => (await folder.lines('notes')).includes('stubborn begins'), { describe: 'the call' })
    assert.equal(await server.stop(), 7)
    await cut
    const forced = logLines(server.stdout()).flatMap(({ msg, what }) => (msg === 'had to be cut short' ? [what] : []))
    assert.ok(
      forced.some((what) => /^Front#\d: killed/.test(String(what))),
      server.stdout(),
    )
    // Those above have been killed, and the one below has its turn.
    assert.equal((await folder.lines('notes')).at(-1), 'Back stopped')
  })

  it('are called by nobody while they are not ready, and replaced when they are not alive', async () => {
    await using folder = await openFolder()
    const flags = ['--threaded', '--no-access-log', '--set', 'minReadyMs=100']
    await using server = await serveFixture('says-how-it-is:Front', flags, { env: { SAYS: folder.at('') } })
    const before = await placesOf(server)
    const untilState = (state: string) =>
      waitUntil(async () => (await placesOf(server)).get('Back#0')?.state === state, { describe: state })
    await writeFile(folder.at('Back#0.isReady'), 'false')
    await untilState('not-ready')
    const who = () => call<{ slot: number }>(server.url, 'whoInBack')
    // Its caller is told of it a moment later.
    await waitUntil(async () => {
      const slots = await Promise.all(Array.from({ length: 20 }, who))
      return slots.every(({ status, body }) => status === 200 && body.slot === 1)
    })
    await rm(folder.at('Back#0.isReady'))
    await untilState('ready')
    await writeFile(folder.at('Back#0.isAlive'), 'false')
    const isReplaced = () => logLines(server.stdout()).some(({ reason }) => reason === 'isAlive() said false')
    await waitUntil(isReplaced, { describe: () => `a replacement:\n${server.stdout()}` })
    await rm(folder.at('Back#0.isAlive'))
    await waitUntil(async () => {
      const { state, threadId } = (await placesOf(server)).get('Back#0') ?? {}
      return state === 'ready' && threadId !== before.get('Back#0')?.threadId
    })
    assert.deepEqual((await placesOf(server)).get('Back#1'), before.get('Back#1'))
    assert.equal(await server.stop(), 0)
  })

  it('are there once their services have been deployed, in processes', async () => {
    await using server = await serveFixture('deploys:Api', ['--threaded'])
    const deployed = logLines(server.stdout()).filter(({ event }) => event === 'deploy')
    assert.deepEqual(
      deployed.map(({ name, env }) => [name, env]),
      [
        ['Model', 'small'],
        ['Api', undefined],
      ],
    )
    const { body } = await call<number[]>(server.url, 'pids')
    assert.ok(deployed.every(({ pid }) => !body.includes(pid as number)))
    assert.ok([...(await placesOf(server)).values()].every(({ threadId }) => threadId > 0))
    assert.equal(await server.stop(), 0)
  })
})

describe('a decorated class', () => {
  it('asks for threads as one does that is defined', async () => {
    const text = `
import { api, depends, service, type ServiceClient } from '@ekiben/core'
@service({ threads: true })
export class Back {
  @api() hello(): string[] { return ['hello'] }
}
@service()
export class Front {
  @depends(Back) back!: ServiceClient<Back>
  @api() async hello(): Promise<string[]> { return this.back.hello() }
}`
    const files = { 'service.ts': text, 'tsconfig.json': { compilerOptions: { experimentalDecorators: true } } }
    await using project = await projectFolder(files, { packages: ['tsx', 'esbuild', '@esbuild'] })
    const flags = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
    await using server = await startServing([EKIBEN, 'serve', 'service:Front', ...flags], { cwd: project.path })
    assert.deepEqual((await call(server.url, 'hello')).body, ['hello'])
    const all = await placesOf(server)
    assert.deepEqual([all.get('Front#0')?.threadId, Number(all.get('Back#0')?.threadId) > 0], [0, true])
    assert.equal(await server.stop(), 0)
  })
})

describe('threads that do not come up', () => {
  // More than the fixture allows: the process has to come first.
  const SLOWLY = ['--set', 'Slow.bootTimeoutMs=10000']
  const FAILURES: readonly [string, number, string, string, (readonly string[])?][] = [
    ['hangs-on-start', 3, 'EKB_ERR_WORKER_BOOT_TIMEOUT', '10000 ms (it was start)', SLOWLY],
    ['crashes-on-start', 3, 'EKB_ERR_WORKER_BOOT_FAILED', 'thrown where nobody catches'],
    ['throws-on-load', 4, 'EKB_ERR_IDENTIFIER_LOAD_FAILED', 'this module does not load'],
    ['flaps:Waiter', 5, 'EKB_ERR_FLAPPING', 'Flapper'],
  ]
  for (const [fixture, exit, code, says, more = []] of FAILURES) {
    it(`end the start as processes do: ${code}`, async () => {
      const { code: ended, stderr } = await failFixture(fixture, ['--threaded', ...more])
      assert.equal(ended, exit, stderr)
      assert.ok(stderr.includes(code) && stderr.includes(says), stderr)
    })
  }
})
