import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { createConnection } from 'node:net'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { appVariables } from '../helpers/app-variables.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { freePort } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

const APPS = resolve('test/fixtures/apps')

/** `ekiben run` of an app on any free port, as many workers as `flags` say. */
function runApp(
  app: string,
  flags: readonly string[] = [],
  { args = [], env = {} }: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<ServingCommand> {
  const base = ['run', `${APPS}/${app}`, '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
  return startServing([EKIBEN, ...base, ...flags, '--', ...args], { env })
}

/** What the app has printed, line by line, where it is JSON of its own. */
function said(run: ServingCommand): { readonly said: string; readonly [fact: string]: unknown }[] {
  const lines = run
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('{"said"'))
  return lines.map((line) => JSON.parse(line))
}

describe('ekiben run', () => {
  it('runs an app as node would, with nothing of ours to be seen', async () => {
    await using run = await runApp('plain.cjs', ['--api-workers', '2'], { args: ['one', '--two'] })
    const facts = (await (await fetch(`${run.url}/facts`)).json()) as Record<string, unknown>
    const { instanceNumber, ...rest } = facts
    assert.match(String(instanceNumber), /^[01]$/)
    assert.deepEqual(rest, {
      isMain: true,
      args: ['one', '--two'],
      main: `${APPS}/plain.cjs`,
      execArgv: [],
      port: new URL(run.url).port,
      nodeEnv: 'production',
      service: 'ekiben-monorepo',
      instance: 'ekiben-monorepo',
      ours: appVariables(),
      cwd: process.cwd(),
    })
    const starting = logLines(run.stdout()).filter(({ msg }) => msg === 'starting')
    assert.deepEqual(
      starting.map(({ pid, mode, why, main }) => [pid, mode, why, main]),
      [[run.pid, 'supervised', 'development mode is not asked for', `${APPS}/plain.cjs`]],
    )
    assert.equal(await run.stop(), 0)
  })

  it("leaves the app's NODE_ENV to whoever has set it, and names the instance as it was told", async () => {
    const flags = ['--instance', 'blue', '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
    const env = { NODE_ENV: 'staging' }
    await using run = await startServing([EKIBEN, 'run', `${APPS}/plain.cjs`, ...flags], { env })
    const { nodeEnv, instance } = (await (await fetch(`${run.url}/facts`)).json()) as Record<string, unknown>
    assert.deepEqual([nodeEnv, instance], ['staging', 'blue'])
  })

  it('gives every worker the one socket', async () => {
    await using run = await runApp('plain.cjs', ['--api-workers', '3'])
    const pids = new Set<string>()
    const ask = async (): Promise<void> => {
      const response = await fetch(`${run.url}/?ms=20`, { headers: { connection: 'close' } })
      pids.add(await response.text())
    }
    await waitUntil(
      async () => {
        await Promise.all(Array.from({ length: 30 }, ask))
        return pids.size === 3
      },
      { describe: 'an answer of each worker' },
    )
    const addresses = said(run).map(({ address }) => address)
    const expected = { address: '127.0.0.1', family: 'IPv4', port: Number(new URL(run.url).port) }
    assert.deepEqual(addresses, [expected, expected, expected])
    assert.equal(await run.stop(), 0)
  })

  it("answers what is in flight at a stop, then has the app's own SIGTERM handler run, once", async () => {
    await using run = await runApp('plain.cjs')
    const agent = new Agent({ keepAlive: true })
    const answer = new Promise<{ body: string; connection: string | undefined }>((done, failed) => {
      request(`${run.url}/held`, { agent }, (response) => {
        let body = ''
        response.on('data', (piece) => {
          body += piece
        })
        response.on('end', () => done({ body, connection: response.headers.connection }))
      })
        .on('error', failed)
        .end()
    })
    await waitUntil(() => said(run).some((line) => line.said === 'asked'), { describe: 'the request to arrive' })
    const stopped = run.stop()
    const { body, connection } = await answer
    assert.match(body, /^\d+$/)
    assert.equal(connection, 'close')
    assert.equal(await stopped, 0)
    agent.destroy()
    assert.deepEqual(said(run).slice(2), [
      { said: 'SIGTERM', open: false },
      { said: 'closed', error: null },
    ])
  })

  it('replaces a worker whose app ends', async () => {
    await using run = await runApp('plain.cjs')
    const before = await (await fetch(`${run.url}/`)).text()
    await fetch(`${run.url}/exit`)
    const after = await waitUntil(
      async () => {
        const pid = await (await fetch(`${run.url}/`)).text()
        return pid !== before && pid
      },
      { describe: 'another worker' },
    )
    assert.notEqual(after, before)
    assert.equal(await run.stop(), 0)
  })

  it('keeps signals from the app that are for the supervisor', async () => {
    await using run = await runApp('plain.cjs')
    const before = Number(await (await fetch(`${run.url}/`)).text())
    process.kill(before, 'SIGINT')
    process.kill(before, 'SIGHUP')
    assert.equal(Number(await (await fetch(`${run.url}/`)).text()), before)
    process.kill(before, 'SIGTERM')
    await waitUntil(async () => Number(await (await fetch(`${run.url}/`)).text()) !== before, {
      describe: 'another worker in its place',
    })
    assert.equal(await run.stop(), 0)
  })

  it('gives the public socket for a port that the app insists on', async () => {
    for (const [flags, env] of [
      [['--app-port', '4567'], { EKIBEN_APP_PORT: '4568' }],
      [[], { EKIBEN_APP_PORT: '4567' }],
    ] as const) {
      await using run = await runApp('esm.mjs', flags, { env })
      assert.equal(await (await fetch(run.url)).text(), 'esm')
      const { address, port } = await waitUntil(() => said(run)[0], { describe: 'its word that it listens' })
      assert.deepEqual(address, { address: '127.0.0.1', family: 'IPv4', port: Number(new URL(run.url).port) })
      assert.equal(port, new URL(run.url).port)
      assert.equal(await run.stop(), 0)
    }
  })

  it('binds what the app asks for where no port is given, each port once for all workers', async () => {
    const [clients, own] = [await freePort(), await freePort()]
    const flags = ['--log-format', 'json', '--api-workers', '2', '--', String(clients), String(own)]
    await using run = await startServing([EKIBEN, 'run', `${APPS}/two-ports.cjs`, ...flags], {})
    assert.equal(run.url, `http://127.0.0.1:${clients}`)
    const pids = new Set<string>()
    const headers = { connection: 'close' }
    await waitUntil(
      async () => {
        for (const port of [clients, own]) {
          const text = await (await fetch(`http://127.0.0.1:${port}/`, { headers })).text()
          assert.match(text, port === clients ? /^clients / : /^own /)
          pids.add(text)
        }
        return pids.size === 4
      },
      { describe: 'an answer of each worker on each port' },
    )
    assert.equal(await run.stop(), 0)
    await assert.rejects(fetch(`http://127.0.0.1:${own}/`, { headers }))
  })

  it("lets go of an app's own ports when it begins to drain, where the public one was known before", async () => {
    const [clients, own] = [await freePort(), await freePort()]
    const flags = ['--port', String(clients), '--host', '127.0.0.1', '--log-format', 'json']
    const args = ['run', `${APPS}/two-ports.cjs`, ...flags, '--', String(clients), String(own), 'holds']
    await using run = await startServing([EKIBEN, ...args], {})
    const headers = { connection: 'close' }
    const answers = () =>
      fetch(`http://127.0.0.1:${own}/`, { headers }).then(
        (response) => response.ok,
        () => false,
      )
    await waitUntil(answers, { describe: "the app's own port" })
    run.kill('SIGTERM')
    await waitUntil(() => said(run).length > 0, { describe: 'the app to have drained' })
    // Its worker listens no more; the supervisor, which goes on until that has ended, must not either.
    await assert.rejects(fetch(`http://127.0.0.1:${own}/`, { headers }), (error) => {
      assert.equal(((error as Error).cause as { code?: string }).code, 'ECONNREFUSED', String((error as Error).cause))
      return true
    })
    assert.equal((await run.exited).code, 0)
  })

  it("keeps the app's own address where only a port is given", async () => {
    const port = await freePort()
    const flags = ['--port', String(port), '--log-format', 'json']
    const env = { BIND_HOST: '127.0.0.1' }
    await using run = await startServing([EKIBEN, 'run', `${APPS}/plain.cjs`, ...flags], { env })
    assert.equal(run.url, `http://127.0.0.1:${port}`)
    assert.equal((await fetch(run.url)).status, 200)
    assert.equal(await run.stop(), 0)
  })

  it("goes through Fastify's own listen, on all addresses of localhost", async () => {
    await using run = await runApp('fastify.mjs')
    assert.equal((await fetch(run.url)).status, 200)
    await waitUntil(() => said(run).some((line) => line.said === 'onListen'), { describe: 'the hook onListen' })
    assert.equal(await run.stop(), 0)
    assert.deepEqual(said(run).slice(1), [{ said: 'onClose' }])
  })

  it('takes the word of an app that says itself when it is ready', async () => {
    for (const [flags, env] of [
      [['--ready', 'message'], { EKIBEN_READY: 'start' }],
      // An empty one counts as not set.
      [[], { EKIBEN_READY: 'message', EKIBEN_APP_PORT: '' }],
    ] as const) {
      await using run = await runApp('says-ready.cjs', flags, { env })
      assert.deepEqual(said(run), [{ said: 'ready' }])
      assert.equal(await (await fetch(run.url)).text(), 'warm')
      assert.equal(await run.stop(), 0)
    }
  })

  it('runs an app that never listens, as many times as it is asked to', async () => {
    const flags = ['--ready', 'start', '--api-workers', '2', '--log-format', 'json']
    const urlOf = (line: string): string | undefined => (line.includes('"msg":"ready"') ? 'none' : undefined)
    await using run = await startServing([EKIBEN, 'run', `${APPS}/never-listens.cjs`, ...flags], { urlOf })
    await waitUntil(() => said(run).length === 2, { describe: 'both workers at work' })
    assert.deepEqual(
      said(run)
        .map(({ slot }) => slot)
        .sort(),
      ['0', '1'],
    )
    assert.equal(await run.stop(), 0)
    assert.deepEqual(said(run).slice(2), [{ said: 'SIGTERM' }, { said: 'SIGTERM' }])
  })

  it("leaves the app's own keep-alive limit, unless another is given", async () => {
    for (const [flags, limit] of [
      [[], 'timeout=5'],
      [['--timeout-keep-alive', '30'], 'timeout=30'],
    ] as const) {
      await using run = await runApp('plain.cjs', flags)
      assert.equal((await fetch(run.url)).headers.get('keep-alive'), limit)
      assert.equal(await run.stop(), 0)
    }
  })

  it('ends an app whose services are in pools as soon as it has nothing left to do', async () => {
    // Longer than this test waits for the end.
    const limits = ['--timeout-graceful-shutdown', '300', '--set', 'supervision.drainTimeoutMs=240000']
    await using run = await runApp('uses-a-service.mjs', limits)
    assert.equal(await (await fetch(run.url)).text(), 'Hello, pool!')
    assert.equal(await run.stop(), 0)
  })

  it('runs a main file in TypeScript', async () => {
    await using run = await runApp('typed.ts')
    assert.equal(await (await fetch(run.url)).text(), 'typed')
    assert.equal(await run.stop(), 0)
  })

  it('serves what is no HTTP', async () => {
    await using run = await runApp('tcp.cjs')
    const socket = createConnection(Number(new URL(run.url).port), '127.0.0.1')
    socket.write('ping')
    const [piece] = (await once(socket, 'data')) as [Buffer]
    assert.equal(piece.toString(), 'ping')
    socket.end()
    await once(socket, 'close')
    assert.equal(await run.stop(), 0)
  })
})

describe('ekiben run refuses', () => {
  const refused = [
    {
      what: 'an app that is not there',
      args: ['run', `${APPS}/nothing.js`],
      exit: 4,
      text: /EKB_ERR_IDENTIFIER_NOT_FOUND/,
    },
    {
      what: 'an app that forks itself',
      args: ['run', `${APPS}/forks.cjs`, '--port', '0', '--host', '127.0.0.1'],
      exit: 3,
      text: /EKB_ERR_NESTED_CLUSTER/,
    },
    { what: 'a flag of serve', args: ['run', `${APPS}/plain.cjs`, '--timeout', '3'], exit: 2, text: /--timeout/ },
    { what: 'no app', args: ['run'], exit: 2, text: /main/ },
    {
      what: 'a readiness that is none',
      args: ['run', `${APPS}/plain.cjs`, '--ready', 'soon'],
      exit: 2,
      text: /'ready' \(flag --ready\) is 'soon'; expected one of listen, message, start/,
    },
    {
      what: 'a readiness that is none, by a variable',
      args: ['run', `${APPS}/plain.cjs`],
      env: { EKIBEN_READY: 'soon' },
      exit: 2,
      text: /'ready' \(variable EKIBEN_READY\) is 'soon'/,
    },
    {
      what: 'to be threads',
      args: ['run', `${APPS}/plain.cjs`, '--threaded'],
      exit: 2,
      text: /EKB_ERR_CLI_USAGE: .*--threaded/,
    },
    { what: 'a port that is none', args: ['run', `${APPS}/plain.cjs`, '--app-port', 'x'], exit: 2, text: /--app-port/ },
  ]
  for (const { what, args, env = {}, exit, text } of refused) {
    it(what, async () => {
      const { code, stdout, stderr } = await runNodeToEnd([EKIBEN, ...args], { env })
      assert.equal(code, exit, stderr)
      assert.match(`${stdout}${stderr}`, text)
    })
  }

  it('a port of its own that another program has, as the app would see it', async () => {
    const port = await freePort()
    await using _first = await startServing(
      [EKIBEN, 'run', `${APPS}/plain.cjs`, '--port', String(port), '--host', '127.0.0.1', '--log-format', 'json'],
      {},
    )
    const clients = String(await freePort())
    const args = ['run', `${APPS}/two-ports.cjs`, '--port', clients, '--instance', 'second', '--']
    const ports = [clients, String(port), 'own']
    const { code, stderr } = await runNodeToEnd([EKIBEN, ...args, ...ports])
    assert.equal(code, 3)
    assert.match(stderr, /EKB_ERR_SOCKET_IN_USE/)
  })

  it('a port that another program has, by its number', async () => {
    const port = await freePort()
    await using first = await startServing(
      [EKIBEN, 'run', `${APPS}/plain.cjs`, '--port', String(port), '--host', '127.0.0.1', '--log-format', 'json'],
      {},
    )
    const second = ['run', `${APPS}/plain.cjs`, '--port', String(port), '--host', '127.0.0.1', '--instance', 'second']
    const { code, stderr } = await runNodeToEnd([EKIBEN, ...second])
    assert.equal(code, 6)
    assert.match(stderr, /EKB_ERR_SOCKET_IN_USE/)
    assert.equal(await first.stop(), 0)
  })
})
