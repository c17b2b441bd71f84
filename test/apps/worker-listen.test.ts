import assert from 'node:assert/strict'
import { once } from 'node:events'
import { lstat, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { request as requestTls } from 'node:https'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { io, type Socket } from 'socket.io-client'
import { appProject, mainFile, startApp } from '../helpers/bootstrap-app.js'
import { makeAuthority } from '../helpers/certificates.js'
import { killMarked } from '../helpers/no-leftovers.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { byClient, inTurns, slotProxy } from '../helpers/slot-proxy.js'
import { freePort } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

const APPS = resolve('test/fixtures/apps')
const LOCAL = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json']

/** A folder for the sockets of the slots. Give it to `await using`. */
async function socketFolder(): Promise<AsyncDisposable & { readonly path: string; readonly template: string }> {
  const path = await mkdtemp(join(tmpdir(), 'ekb-slots-'))
  const remove = () => rm(path, { recursive: true, force: true })
  return { path, template: `unix:${path}/{slot}.sock`, [Symbol.asyncDispose]: remove }
}

function runApp(app: string, flags: readonly string[], env = {}): Promise<ServingCommand> {
  return startServing([EKIBEN, 'run', `${APPS}/${app}`, ...LOCAL, ...flags], { env })
}

/** On a connection of its own. */
async function ask(options: RequestOptions): Promise<string> {
  const [answer] = (await once(request({ agent: false, ...options }).end(), 'response')) as [IncomingMessage]
  return text(answer)
}

const askAt = (socketPath: string, path = '/'): Promise<string> => ask({ socketPath, path })

/** A client that is connected, or the message of the error that kept it from that. */
async function connectClient(
  url: string,
  transport: 'polling' | 'websocket',
  name: string,
): Promise<(Socket & Disposable) | string> {
  const options = { transports: [transport], reconnection: false, forceNew: true, extraHeaders: { 'x-client': name } }
  const client = io(url, options)
  const outcome = await new Promise<string | undefined>((settle) => {
    client.once('connect', () => settle(undefined))
    client.once('connect_error', (error) => settle(describeRefusal(error)))
    client.once('disconnect', settle)
  })
  if (outcome === undefined) return Object.assign(client, { [Symbol.dispose]: () => void client.close() })
  client.close()
  return outcome
}

/** With the status of the answer that it was. */
function describeRefusal({ message, description }: Error & { description?: unknown }): string {
  return `${message} ${description}`
}

describe('--worker-listen', () => {
  it('gives each worker an address of its own, where the same app answers', async () => {
    await using sockets = await socketFolder()
    await using run = await runApp('plain.cjs', ['--api-workers', '2', '--worker-listen', sockets.template])
    assert.deepEqual(await readdir(sockets.path), ['0.sock', '1.sock'])
    const pids = new Set<string>()
    for (const slot of [0, 1]) {
      const facts = JSON.parse(await askAt(`${sockets.path}/${slot}.sock`, '/facts')) as { instanceNumber: string }
      assert.equal(facts.instanceNumber, String(slot))
      const answers = await Promise.all(Array.from({ length: 5 }, () => askAt(`${sockets.path}/${slot}.sock`)))
      assert.equal(new Set(answers).size, 1)
      pids.add(answers[0] as string)
    }
    assert.equal(pids.size, 2)
    assert.ok(pids.has(await (await fetch(run.url)).text()))
    const { mode } = await lstat(`${sockets.path}/0.sock`)
    assert.equal(mode & 0o777, 0o660)
    assert.equal(await run.stop(), 0)
    assert.deepEqual(await readdir(sockets.path), [])
  })

  it('takes a host and a port for each as well', async () => {
    const port = await freePort()
    await using run = await runApp('plain.cjs', ['--worker-listen', `127.0.0.1:{${port}+slot}`])
    assert.equal(await ask({ port }), await (await fetch(run.url)).text())
    assert.equal(await run.stop(), 0)
    await assert.rejects(ask({ port }), { code: 'ECONNREFUSED' })
  })

  it('serves an app of node:https there, and one that speaks no HTTP', async () => {
    await using sockets = await socketFolder()
    const flags = ['--worker-listen', sockets.template]
    {
      const authority = makeAuthority()
      const { cert, key } = authority.issue('localhost')
      await using run = await runApp('https.mjs', flags, { TEST_CERT: cert, TEST_KEY: key })
      const options = {
        socketPath: `${sockets.path}/0.sock`,
        servername: 'localhost',
        ca: authority.cert,
        agent: false,
      }
      const [answer] = (await once(requestTls(options).end(), 'response')) as [IncomingMessage]
      assert.equal(await text(answer), 'secure')
      assert.equal(await run.stop(), 0)
    }
    await using run = await runApp('tcp.cjs', flags)
    const socket = createConnection(`${sockets.path}/0.sock`)
    socket.write('ping')
    const [piece] = (await once(socket, 'data')) as [Buffer]
    assert.equal(piece.toString(), 'ping')
    socket.end()
    await once(socket, 'close')
    assert.equal(await run.stop(), 0)
  })

  it('answers what is in flight there at a stop, and refuses what comes after it', async () => {
    await using sockets = await socketFolder()
    await using run = await runApp('plain.cjs', ['--worker-listen', sockets.template])
    const path = `${sockets.path}/0.sock`
    const answer = askAt(path, '/slow?ms=500')
    await waitUntil(() => run.stdout().includes('"asked"'), { describe: 'the request to arrive' })
    const stopped = run.stop()
    await waitUntil(async () => (await readdir(sockets.path)).length === 0, { describe: 'its socket to be gone' })
    await assert.rejects(askAt(path), { code: 'ENOENT' })
    assert.match(await answer, /^\d+$/)
    assert.equal(await stopped, 0)
  })

  it('follows the number of workers', async () => {
    await using sockets = await socketFolder()
    await using run = await runApp('plain.cjs', ['--name', 'app', '--worker-listen', sockets.template])
    const scale = (count: number) => runNodeToEnd([EKIBEN, 'scale', `app=${count}`], { runtimeDir: run.runtimeDir })
    assert.equal((await scale(3)).code, 0)
    assert.deepEqual(await readdir(sockets.path), ['0.sock', '1.sock', '2.sock'])
    assert.match(await askAt(`${sockets.path}/2.sock`), /^\d+$/)
    assert.equal((await scale(1)).code, 0)
    assert.deepEqual(await readdir(sockets.path), ['0.sock'])
    run.kill('SIGTTIN')
    await waitUntil(() => askAt(`${sockets.path}/1.sock`), { describe: 'an answer of the worker that was added' })
    await writeFile(`${sockets.path}/2.sock`, 'a file of somebody else')
    const refused = await scale(4)
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /EKB_ERR_SCALE_REFUSED: .*2\.sock: something that is no socket is there/)
    assert.deepEqual(await readdir(sockets.path), ['0.sock', '1.sock', '2.sock'])
    await rm(`${sockets.path}/2.sock`)
    assert.equal(await run.stop(), 0)
  })

  it('takes the place of what an instance left that was killed, and of no other that runs', async () => {
    await using sockets = await socketFolder()
    const flags = ['--worker-listen', sockets.template]
    await using killed = await runApp('plain.cjs', flags)
    const second = [EKIBEN, 'run', `${APPS}/plain.cjs`, ...LOCAL, ...flags]
    const { code, stderr } = await runNodeToEnd(second)
    assert.equal(code, 6)
    assert.match(stderr, /^EKB_ERR_SOCKET_IN_USE: .*\/0\.sock: .*\n {2}hint: .*--worker-listen/m)
    await killMarked(killed.mark)
    assert.deepEqual(await readdir(sockets.path), ['0.sock'])
    await assert.rejects(askAt(`${sockets.path}/0.sock`), { code: 'ECONNREFUSED' })
    await using run = await runApp('plain.cjs', flags)
    assert.match(await askAt(`${sockets.path}/0.sock`), /^\d+$/)
    assert.equal(await run.stop(), 0)
    assert.deepEqual(await readdir(sockets.path), [])
  })

  it('is an option of bootstrapProduction too, and of no use in one process', async () => {
    await using sockets = await socketFolder()
    const options = `{ apiWorkers: 2, workerListen: '${sockets.template}' }`
    await using project = await appProject(mainFile('({ slot }) => (_, res) => res.end(String(slot))', { options }))
    {
      await using run = await startApp(project, 'supervised')
      for (const slot of [0, 1]) assert.equal(await askAt(`${sockets.path}/${slot}.sock`), String(slot))
      assert.equal(await run.stop(), 0)
    }
    await using run = await startApp(project, 'one process')
    assert.equal(await (await fetch(run.url)).text(), '0')
    assert.deepEqual(await readdir(sockets.path), [])
    assert.equal(await run.stop(), 0)
  })

  const refused = [
    { what: 'an address that is one for all', value: 'unix:/run/app.sock', text: /EKB_ERR_CONFIG_INVALID: .*\{slot\}/ },
    { what: 'what is no address', value: '{slot}', text: /EKB_ERR_CONFIG_INVALID: .*'\{slot\}'; expected 'unix:PATH'/ },
    {
      what: 'ports beyond the last',
      value: '127.0.0.1:{65535+slot}',
      text: /'127.0.0.1:\{65535\+slot\}'; expected an address for slot 1 too/,
    },
  ]
  for (const { what, value, text: expected } of refused) {
    it(`refuses ${what}`, async () => {
      const flags = ['--api-workers', '2', '--worker-listen', value]
      const { code, stderr } = await runNodeToEnd([EKIBEN, 'run', `${APPS}/plain.cjs`, ...LOCAL, ...flags])
      assert.equal(code, 2)
      assert.match(stderr, expected)
    })
  }

  it('is refused where a service is served, whose workers are all alike', async () => {
    const service = ['serve', 'test/fixtures/services/greeter.mjs']
    const flagged = await runNodeToEnd([EKIBEN, ...service, '--worker-listen', 'unix:/tmp/{slot}'])
    assert.match(flagged.stderr, /EKB_ERR_CLI_USAGE: .*--worker-listen/)
    const env = { EKIBEN_WORKER_LISTEN: 'unix:/tmp/{slot}' }
    const { code, stderr } = await runNodeToEnd([EKIBEN, ...service, ...LOCAL], { env })
    assert.equal(code, 2)
    assert.match(stderr, /EKB_ERR_CONFIG_UNUSED: The setting 'workerListen' \(variable EKIBEN_WORKER_LISTEN\)/)
  })
})

describe('socket.io behind a proxy', () => {
  it('polls where each client keeps to its worker, and not where requests go anywhere', async () => {
    await using sockets = await socketFolder()
    await using run = await runApp('socket-io.mjs', ['--api-workers', '2', '--worker-listen', sockets.template])
    const paths = [0, 1].map((slot) => `${sockets.path}/${slot}.sock`)
    {
      await using proxy = await slotProxy({ paths, choose: byClient })
      for (const transport of ['polling', 'websocket'] as const) {
        const slots = await Promise.all(
          ['a', 'b', 'c', 'd'].map(async (name) => {
            const client = await connectClient(proxy.url, transport, name)
            if (typeof client === 'string') throw new Error(`${name} by ${transport}: ${client}`)
            using connected = client
            return (await connected.emitWithAck('slot')) as string
          }),
        )
        assert.deepEqual(slots, ['1', '0', '1', '0'])
      }
    }
    await using proxy = await slotProxy({ paths, choose: inTurns() })
    // "Session ID unknown", says the other one.
    assert.match(String(await connectClient(proxy.url, 'polling', 'a')), /^xhr (poll|post) error 400$/)
    // One request, one connection: it needs nobody who keeps it to its worker.
    const client = await connectClient(proxy.url, 'websocket', 'a')
    assert.ok(typeof client === 'object', String(client))
    using connected = client
    assert.match(await connected.emitWithAck('slot'), /^[01]$/)
    assert.equal(await run.stop(), 0)
  })
})
