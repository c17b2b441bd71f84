import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { Agent, request } from 'undici'
import { processIdentity } from '../../packages/core/build/util/process-identity.js'
import { assertNoLeftovers, markedProcesses } from '../helpers/no-leftovers.js'
import { type NodeRun, runNode } from '../helpers/run-node.js'
import { call, EKIBEN, logLines, SERVICES, serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Pids {
  readonly front: number
  readonly back: number
  readonly child: number
}

const FRONT = 'orphans:Front'
/** Workers leave by themselves within 6 s, and are waited for a little longer. */
const LEFTOVER_MS = 30_000

/** Its workers hold its stdout open: `exited` would wait for them. */
async function killSupervisor(server: NodeRun): Promise<void> {
  server.kill('SIGKILL')
  await untilGone([server.pid], 10_000)
}

/** One that has ended and waits for init to collect it is gone. */
async function untilGone(pids: readonly number[], timeoutMs: number): Promise<void> {
  await waitUntil(
    async () => {
      const left = (await Promise.all(pids.map(processIdentity))).filter((found) => found !== undefined)
      return left.length === 0 || Promise.reject(new Error(`still there: ${left.map(({ pid }) => pid)}`))
    },
    { timeoutMs, describe: 'the processes to be gone' },
  )
}

async function pidsOf(server: ServingCommand): Promise<Pids> {
  return (await call<Pids>(server.url, 'pids')).body
}

function listOf({ front, back, child }: Pids): number[] {
  return [front, back, child]
}

const portOf = (server: ServingCommand): string => new URL(server.url).port

/** The next start on the port of one whose supervisor is dead. */
function startAgain(dead: ServingCommand, flags: readonly string[] = []): Promise<ServingCommand> {
  return serveFixture(FRONT, ['--port', portOf(dead), ...flags], { runtimeDir: dead.runtimeDir })
}

describe('workers whose supervisor is killed', () => {
  it('are gone at once when they are idle, connections kept alive or not, with all they started', async () => {
    await using server = await serveFixture(FRONT)
    const agent = new Agent({ keepAliveTimeout: 60_000 })
    await request(`${server.url}/livez`, { dispatcher: agent }).then(({ body }) => body.dump())
    const pids = await pidsOf(server)
    await killSupervisor(server)
    // Those with work to do may take six seconds.
    await untilGone(listOf(pids), 5_000)
    await agent.close()
    await assertNoLeftovers({ mark: server.mark })
  })

  it('answer what is in flight, also what calls another service only then', async () => {
    await using server = await serveFixture(FRONT)
    const { back } = await pidsOf(server)
    const late = call<number>(server.url, 'late', { ms: 1_500 })
    await call(server.url, 'pids')
    await killSupervisor(server)
    assert.deepEqual(await late.then(({ status, body }) => ({ status, body })), { status: 200, body: back })
    await assertNoLeftovers({ mark: server.mark })
  })

  it('take no new connections', async () => {
    await using server = await serveFixture(FRONT)
    const late = call(server.url, 'late', { ms: 1_500 })
    await call(server.url, 'pids')
    await killSupervisor(server)
    await waitUntil(() =>
      call(server.url, 'pids').then(
        () => false,
        (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
      ),
    )
    assert.equal((await late).status, 200)
  })

  it('do not outlive an onStop that never ends', async () => {
    await using server = await serveFixture(FRONT, [], { env: { HANG_ON_STOP: '1' } })
    const pids = await pidsOf(server)
    await killSupervisor(server)
    await untilGone(listOf(pids), LEFTOVER_MS)
    await assertNoLeftovers({ mark: server.mark })
  })
})

describe('the next start', () => {
  it('ends a worker that cannot notice, and all it started, before it binds, whatever its own name', async () => {
    await using server = await serveFixture(FRONT)
    const pids = await pidsOf(server)
    call(server.url, 'spin').catch(() => {})
    await waitUntil(() => server.stderr().includes('spinning'))
    await killSupervisor(server)
    await using next = await startAgain(server, ['--instance', 'another'])
    assert.match(next.stdout(), new RegExp(`"pids":\\[.*${pids.front}`))
    await untilGone([pids.front, pids.back], 0)
    await untilGone([pids.child], LEFTOVER_MS)
    assert.notEqual((await pidsOf(next)).front, pids.front)
    assert.equal(await next.stop(), 0)
    assert.deepEqual(await readdir(server.runtimeDir), [])
  })

  it('ends what a worker had started that was killed with its supervisor', async () => {
    await using server = await serveFixture(FRONT)
    const pids = await pidsOf(server)
    process.kill(pids.front, 'SIGSTOP')
    await killSupervisor(server)
    process.kill(pids.front, 'SIGKILL')
    await untilGone([pids.front, pids.back], LEFTOVER_MS)
    assert.deepEqual(
      (await markedProcesses(server.mark)).map(({ pid }) => pid),
      [pids.child],
    )
    await using next = await startAgain(server)
    await untilGone([pids.child], LEFTOVER_MS)
    assert.equal(await next.stop(), 0)
  })

  it('ends the workers of a supervisor that was killed while it started', async () => {
    const args = [EKIBEN, 'serve', FRONT, '--port', '0', '--host', '127.0.0.1']
    await using first = await runNode(args, { cwd: SERVICES, env: { SPIN_ON_LOAD: '1' } })
    const worker = await waitUntil(async () => {
      const [folder = ''] = await readdir(first.runtimeDir)
      const names = await readdir(`${first.runtimeDir}/${folder}`)
      return names.map((name) => Number(/^worker-(\d+)-/.exec(name)?.[1])).find((pid) => pid > 0)
    })
    await waitUntil(async () => (await markedProcesses(first.mark)).length === 2)
    await killSupervisor(first)
    const { runtimeDir } = first
    await using next = await serveFixture(FRONT, [], { runtimeDir })
    await untilGone([worker], 0)
    assert.equal(await next.stop(), 0)
    await assertNoLeftovers({ mark: first.mark, folders: [runtimeDir] })
  })

  it('waits for nobody beside a living instance', async () => {
    await using living = await serveFixture(FRONT)
    await using beside = await serveFixture(FRONT, [], { runtimeDir: living.runtimeDir })
    assert.ok(!logLines(beside.stdout()).some(({ level }) => level === 'warn'))
    assert.equal((await call(living.url, 'pids')).status, 200)
    assert.equal(await living.stop(), 0)
    assert.equal(await beside.stop(), 0)
  })
})
