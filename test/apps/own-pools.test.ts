import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { markedProcesses } from '../helpers/no-leftovers.js'
import { type NodeRun, runNode, runNodeToEnd } from '../helpers/run-node.js'
import { call, logLines } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const APP = resolve('test/fixtures/apps/own-pools.mjs')

interface Printed {
  readonly desk: number
  readonly stamp: number
}

async function startApp(framework = 'fastify'): Promise<NodeRun & { readonly url: string }> {
  const run = await runNode([APP, framework])
  const { url } = await waitUntil(() => logLines(run.stdout()).find((line) => line.url !== undefined), {
    timeoutMs: 60_000,
    describe: run.stderr,
  })
  return { ...run, url: url as string }
}

describe("with dependencies: 'pools' and no supervisor above it, an app", () => {
  it('supervises the pools of what its services depend on, and of what it asks for later', async () => {
    await using app = await startApp()
    assert.equal((await fetch(`${app.url}/readyz`)).status, 200)
    const { body } = await call<Printed>(app.url, 'print')
    assert.equal(body.desk, app.pid)
    assert.notEqual(body.stamp, app.pid)
    const pressed = await call<{ seal: number }>(app.url, 'press')
    assert.equal(pressed.status, 200, app.stdout())
    assert.notEqual(pressed.body.seal, app.pid)
    assert.deepEqual((await call(app.url, 'press')).body, pressed.body)
    process.kill(body.stamp, 'SIGKILL')
    const again = await waitUntil(async () => {
      const next = await call<Printed>(app.url, 'print')
      return next.status === 200 && next.body.stamp !== body.stamp && next.body
    })
    assert.equal(again.desk, app.pid)
    app.kill('SIGTERM')
    // And nothing is left, as the end of every test finds.
    assert.deepEqual(await app.exited.then(({ code, signal }) => ({ code, signal })), { code: 0, signal: null })
  })

  for (const framework of ['express', 'nest']) {
    it(`has them on ${framework} too, until it stops`, async () => {
      await using app = await startApp(framework)
      assert.equal((await fetch(`${app.url}/readyz`)).status, 200)
      const { body } = await call<Printed>(app.url, 'print')
      assert.equal(body.desk, app.pid)
      assert.notEqual(body.stamp, app.pid)
      app.kill('SIGTERM')
      assert.deepEqual(await app.exited.then(({ code, signal }) => ({ code, signal })), { code: 0, signal: null })
    })
  }

  it('leaves no worker when it is killed', async () => {
    await using app = await startApp()
    assert.equal((await call(app.url, 'print')).status, 200)
    assert.notEqual((await markedProcesses(app.mark)).length, 1)
    app.kill('SIGKILL')
    await app.exited
    await waitUntil(async () => (await markedProcesses(app.mark)).length === 0, { describe: 'its workers to leave' })
  })

  it('does not start where one of them cannot', async () => {
    const { code, stdout, stderr } = await runNodeToEnd([APP, 'fastify'], { env: { STAMP_FAILS: '1' } })
    assert.equal(code, 1, stdout)
    assert.match(stderr, /EKB_ERR_WORKER_BOOT_FAILED/)
    assert.match(stderr, /Worker Stamp#0 failed to boot \(start\): no ink/)
  })

  it('has one pool of a service for all its mounts, until the last of them is closed', async () => {
    const { code, stdout, stderr } = await runNodeToEnd([APP, 'mounts'])
    assert.equal(code, 0, stderr)
    const [said, third] = logLines(stdout) as unknown as [
      { app: number; printed: Printed; pressed: { stamp: number }; sealed: unknown },
      Printed,
    ]
    assert.notEqual(said.printed.stamp, said.app)
    assert.equal(said.pressed.stamp, said.printed.stamp)
    assert.equal(said.sealed, 'EKB_ERR_MOUNT_CLOSED')
    assert.ok(third.stamp !== said.printed.stamp && third.stamp !== said.app)
  })

  it('has them for those of its mounts that want them, whichever of these closes first', async () => {
    const { code, stdout, stderr } = await runNodeToEnd([APP, 'mixed'])
    assert.equal(code, 0, stderr)
    const [said] = logLines(stdout) as unknown as [{ app: number } & Record<string, readonly number[]>]
    const { app, inline, first, second, still } = said
    assert.deepEqual([inline, still], [Array(2).fill(app), Array(2).fill(app)])
    assert.deepEqual(second, first)
    assert.ok(first?.every((pid) => pid !== app) && new Set(first).size === 1)
  })

  it('keeps its signals and its end to itself', async () => {
    const { code, stdout, stderr } = await runNodeToEnd([APP, 'listeners'])
    assert.equal(code, 0, stderr)
    const [said] = logLines(stdout) as unknown as [{ running: object[]; after: object[]; exits: number }]
    const heard = [...said.running, ...said.after].flatMap((listeners) => Object.keys(listeners))
    assert.deepEqual(
      heard.filter((name) => name.startsWith('SIG')),
      [],
    )
    // What is written at the exit of a process is written by one listener.
    assert.deepEqual(said.after[1], said.after[0])
    assert.equal(said.exits, 0)
  })

  it('has them from the first call of a client on, where it mounts nothing', async () => {
    const { code, stdout, stderr } = await runNodeToEnd([APP, 'uses'])
    assert.equal(code, 0, stderr)
    const [said] = logLines(stdout) as unknown as [{ app: number; stamp: number }]
    assert.notEqual(said.stamp, said.app)
  })

  it('is refused a service of its own main file', async () => {
    const { code, stderr } = await runNodeToEnd([APP, 'here'])
    assert.equal(code, 1)
    assert.match(stderr, /EKB_ERR_SERVICE_NO_MODULE/)
    assert.match(stderr, /declared in the app's own main file/)
  })
})
