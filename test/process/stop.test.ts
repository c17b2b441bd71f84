import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { appProject, inMode, mainFile } from '../helpers/bootstrap-app.js'
import { projectFolder } from '../helpers/project-folder.js'
import { type RunNodeOptions, runNode, runNodeToEnd } from '../helpers/run-node.js'
import { call, EKIBEN, logLines, SERVICES, serveFixture } from '../helpers/serve-fixture.js'
import { freePort } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

type Taker = { service: string; pid: number }

/** Resolves once a request of so long is being worked on in the last service. */
async function begin(url: string, ms: number): Promise<{ answer: Promise<{ status: number; body: Taker[] }> }> {
  await call(url, 'work')
  const answer = call<Taker[]>(url, 'work', { ms })
  answer.catch(() => {})
  // A second call on the same way comes back only after the first was sent.
  await call(url, 'work')
  return { answer }
}

describe('stopping', () => {
  it('answers a request of 3 s in flight through all services, then exits 0', async () => {
    await using server = await serveFixture('chain:Front', ['--api-workers', '2'])
    const { answer } = await begin(server.url, 3_000)
    assert.equal(await server.stop('SIGTERM'), 0)
    const { status, body } = await answer
    assert.equal(status, 200)
    assert.deepEqual(
      body.map((each) => each.service),
      ['Front', 'Middle', 'Back'],
    )
  })

  it('drains in order when the whole group gets the signal, as from a service manager', async () => {
    await using server = await serveFixture('chain:Front', ['--log-level', 'debug'])
    const { answer } = await begin(server.url, 3_000)
    server.kill('SIGTERM')
    await waitUntil(() => logLines(server.stdout()).some((line) => line.to === 'draining'), { describe: 'the stop' })
    for (const { workerPid } of logLines(server.stdout()).filter((line) => line.to === 'ready')) {
      process.kill(Number(workerPid), 'SIGTERM')
    }
    assert.equal((await answer).status, 200)
    assert.equal((await server.exited).code, 0)
    const spawned = logLines(server.stdout()).filter((line) => line.to === 'booting')
    // Nobody was replaced: the three that the first worker's plan asked for, and no more.
    assert.equal(spawned.length, 3)
  })

  it('refuses new connections while it drains, at once', async () => {
    await using server = await serveFixture('chain:Front')
    const { answer } = await begin(server.url, 1_500)
    server.kill('SIGTERM')
    const { port } = new URL(server.url)
    await waitUntil(
      () =>
        new Promise<boolean>((resolve) => {
          const socket = createConnection(Number(port), '127.0.0.1')
          socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
          socket.once('connect', () => {
            socket.destroy()
            resolve(false)
          })
        }),
      { describe: 'the port to be closed' },
    )
    assert.equal((await answer).status, 200)
    assert.equal((await server.exited).code, 0)
  })

  it('cuts what is not done at the deadline, says what, and exits 7', async () => {
    await using server = await serveFixture('chain:Front', ['--timeout-graceful-shutdown', '1'])
    const { answer } = await begin(server.url, 60_000)
    assert.equal(await server.stop('SIGTERM'), 7)
    await assert.rejects(answer)
    const cut = logLines(server.stdout()).filter((line) => line.msg === 'had to be cut short')
    assert.ok(
      cut.some((line) => String(line.what).includes('POST /work')),
      server.stdout(),
    )
  })

  it('says what it cuts also where a worker heard of the stop late', async () => {
    const flags = ['--timeout-graceful-shutdown', '5', '--log-level', 'debug']
    await using server = await serveFixture('chain:Front', flags)
    const { answer } = await begin(server.url, 60_000)
    const front = logLines(server.stdout()).find(({ service, to }) => service === 'Front' && to === 'ready')
    process.kill(Number(front?.workerPid), 'SIGSTOP')
    server.kill('SIGTERM')
    await waitUntil(() => logLines(server.stdout()).some(({ to }) => to === 'draining'), { describe: server.stdout })
    // As on a busy machine: of the 3 s that it is given, it hears when one is over.
    await sleep(1_000)
    process.kill(Number(front?.workerPid), 'SIGCONT')
    assert.equal((await server.exited).code, 7)
    await assert.rejects(answer)
    const cut = logLines(server.stdout()).filter(({ msg }) => msg === 'had to be cut short')
    assert.match(cut.map(({ what }) => what).join(), /Front#0: POST \/work after/, server.stdout())
  })

  it('is quick at the second signal and exits 143, or 130 for an interrupt', async () => {
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
    ] as const) {
      await using server = await serveFixture('chain:Front')
      await begin(server.url, 60_000)
      server.kill(signal)
      await waitUntil(() => logLines(server.stdout()).some((line) => line.msg === 'signal'), {
        describe: 'the first signal',
      })
      server.kill(signal)
      assert.equal((await server.exited).code, code)
    }
  })

  it('kills at the third signal', async () => {
    await using server = await serveFixture('chain:Front')
    await begin(server.url, 60_000)
    for (let count = 1; count <= 3; count++) {
      server.kill('SIGTERM')
      const seen = (): number => logLines(server.stdout()).filter((line) => line.msg === 'signal').length
      await waitUntil(() => seen() >= count, { describe: `signal ${count}` })
    }
    assert.equal((await server.exited).code, 143)
    const actions = logLines(server.stdout()).flatMap(({ msg, action }) => (msg === 'signal' ? [action] : []))
    assert.deepEqual(actions, ['stop', 'quick', 'kill'])
  })

  it('needs no grace when nothing is in flight, and leaves the port free', async () => {
    const port = String(await freePort())
    await using server = await serveFixture('diamond:Top', ['--port', port])
    assert.equal(await server.stop('SIGQUIT'), 0)
    await using again = await serveFixture('diamond:Top', ['--port', port])
    assert.equal(new URL(again.url).port, port)
    assert.equal(await again.stop(), 0)
  })

  it('gives up a start that has not come to its end', async () => {
    await using run = await runNode(
      [
        EKIBEN,
        'serve',
        'hangs-on-start',
        '--port',
        '0',
        '--set',
        'Slow.bootTimeoutMs=60000',
        '--log-format',
        'json',
        '--log-level',
        'debug',
      ],
      {
        cwd: SERVICES,
      },
    )
    await waitUntil(() => run.stdout().includes('"to":"starting"'), {
      describe: () => `a worker that starts:\n${run.stdout()}${run.stderr()}`,
    })
    run.kill('SIGTERM')
    assert.equal((await run.exited).code, 0)
  })
})

describe('a stop that comes with the word `ready`', () => {
  const preload = ['--require', resolve('test/fixtures/stop-when-ready.cjs')]
  const LOG = ['--port', '0', '--log-format', 'json']

  /** It stops as at any other time. */
  async function stopsAtOnce(args: readonly string[], options: RunNodeOptions): Promise<void> {
    const { code, signal, stdout, stderr } = await runNodeToEnd([...preload, ...args], options)
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, stdout + stderr)
    assert.deepEqual(logLines(stdout).filter(({ msg }) => msg === 'ready').length, 1)
  }

  for (const [what, flags] of [
    ['serve', []],
    ['serve --threaded', ['--threaded']],
    ['serve --development', ['--development']],
    ['serve --development --reload', ['--development', '--reload']],
  ] as const) {
    it(`is heeded by ${what}`, () => stopsAtOnce([EKIBEN, 'serve', 'chain:Front', ...LOG, ...flags], { cwd: SERVICES }))
  }

  it('is heeded by run', async () => {
    const main = "require('node:http').createServer((_, answer) => answer.end()).listen(process.env.PORT, '127.0.0.1')"
    await using project = await projectFolder({ 'main.cjs': main })
    await stopsAtOnce([EKIBEN, 'run', 'main.cjs', ...LOG], { cwd: project.path })
  })

  for (const mode of ['supervised', 'one process'] as const) {
    it(`is heeded by bootstrapProduction, ${mode}`, async () => {
      await using project = await appProject(mainFile('() => createServer((_, answer) => answer.end())'))
      await stopsAtOnce(['main.js'], inMode(project.path, mode))
    })
  }
})

describe('signals', () => {
  it('adds and takes away entry workers by TTIN and TTOU, never below one', async () => {
    await using server = await serveFixture('crashes-on-request', ['--log-level', 'debug'])
    const reached = (slot: number, to: string): boolean =>
      logLines(server.stdout()).some((line) => line.slot === slot && line.to === to)
    server.kill('SIGTTIN')
    await waitUntil(() => reached(1, 'ready'), { describe: 'a second worker' })
    const less = (): number => logLines(server.stdout()).filter((line) => line.action === 'less').length
    server.kill('SIGTTOU')
    await waitUntil(() => reached(1, 'exited'), { describe: 'the second worker to be gone' })
    server.kill('SIGTTOU')
    await waitUntil(() => less() === 2, { describe: 'the second TTOU' })
    assert.equal(reached(0, 'draining'), false)
    assert.equal((await call(server.url, 'ping')).status, 200)
    assert.equal(await server.stop(), 0)
  })

  it('stands everything else: USR1, USR2, WINCH to the supervisor, and HUP, INT, USR1 to a worker', async () => {
    await using server = await serveFixture('crashes-on-request')
    const { body } = await call<{ pid: number }>(server.url, 'ping')
    for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const) server.kill(signal)
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGUSR1'] as const) process.kill(body.pid, signal)
    await waitUntil(() => logLines(server.stdout()).filter((line) => line.msg === 'signal').length === 3, {
      describe: 'three signals',
    })
    assert.equal((await call<{ pid: number }>(server.url, 'ping')).body.pid, body.pid)
    assert.doesNotMatch(server.stderr(), /Debugger listening/)
    assert.equal(await server.stop(), 0)
  })

  it('replaces a worker that is told to stop, and loses nothing', async () => {
    await using server = await serveFixture('chain:Front', ['--api-workers', '2', '--log-level', 'debug'])
    const { answer } = await begin(server.url, 1_000)
    const { body } = await call<Taker>(server.url, 'alone')
    process.kill(body.pid, 'SIGTERM')
    const states = (to: string) =>
      logLines(server.stdout()).filter((line) => line.service === 'Front' && line.to === to)
    // Another first, then its own end, which nobody had to bring about.
    await waitUntil(() => states('exited').some(({ workerPid }) => workerPid === body.pid), {
      describe: () => `the end of ${body.pid}:\n${server.stdout()}`,
    })
    assert.equal(states('ready').length, 3)
    assert.deepEqual(states('killing'), [])
    assert.equal((await answer).status, 200)
    assert.notEqual((await call<Taker>(server.url, 'alone')).body.pid, body.pid)
    assert.equal(await server.stop(), 0)
  })

  for (const [what, flags] of [
    ['in a process', []],
    ['in a thread', ['--threaded']],
  ] as const) {
    it(`replaces a worker ${what} that is told to stop on its way up, once it is there`, async () => {
      await using project = await projectFolder({})
      const waiting = join(project.path, 'waiting')
      const go = join(project.path, 'go')
      const starting = serveFixture('waits-on-start', [...flags, '--log-level', 'debug'], {
        env: { WAITING: waiting, GO: go },
      })
      starting.catch(() => {})
      const pid = await waitUntil(async () => Number(await readFile(waiting, 'utf8').catch(() => '')) || undefined, {
        describe: 'a worker on its way up',
      })
      process.kill(pid, 'SIGTERM')
      await writeFile(go, '')
      await using server = await starting
      await waitUntil(
        () => logLines(server.stdout()).some(({ to, workerPid }) => to === 'exited' && workerPid === pid),
        {
          describe: () => `the end of ${pid}:\n${server.stdout()}`,
        },
      )
      assert.notEqual((await call<number>(server.url, 'where')).body, pid)
      const states = (to: string) => logLines(server.stdout()).filter((line) => line.to === to).length
      assert.deepEqual([states('ready'), states('killing')], [2, 0], server.stdout())
      assert.equal(await server.stop(), 0)
    })
  }
})
