import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { askSocket, steer } from '../helpers/control-socket.js'
import { projectFolder } from '../helpers/project-folder.js'
import { type NodeRun, runNode } from '../helpers/run-node.js'
import { EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { freePort } from '../helpers/socket-facts.js'
import { callOver, socketFolder } from '../helpers/unix-http.js'
import { waitUntil } from '../helpers/wait-until.js'

const APPS = resolve('test/fixtures/apps')
const LOCAL = ['--port', '0', '--host', '127.0.0.1']
const QUICK = ['--set', 'minReadyMs=50']

function runApp(app: string, flags: readonly string[], args: readonly string[] = []): Promise<ServingCommand> {
  return startServing([EKIBEN, 'run', `${APPS}/${app}`, '--log-format', 'json', ...flags, '--', ...args], {})
}

/** On a connection of its own. */
const ask = async (url: string): Promise<string> => (await fetch(url, { headers: { connection: 'close' } })).text()

/** What the app has printed, line by line, where it is JSON of its own. */
function said(run: Pick<NodeRun, 'stdout'>, what: string): { readonly [fact: string]: unknown }[] {
  const lines = run
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith(`{"said":"${what}"`))
  return lines.map((line) => JSON.parse(line))
}

/** A port that another program has. Give it to `await using`. */
async function takenPort(): Promise<AsyncDisposable & { readonly port: number }> {
  const server: Server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}

describe('an app that looks whether its port is free', () => {
  for (const framework of ['http', 'express']) {
    it(`listens there afterwards, also in a reload: ${framework}`, async () => {
      await using run = await runApp('looks-first.mjs', [...LOCAL, ...QUICK], [framework])
      const before = await ask(run.url)
      const port = Number(new URL(run.url).port)
      assert.deepEqual(
        said(run, 'looked').map((line) => line.port),
        [port, port],
      )
      const { code, stderr } = await steer(run, ['reload'])
      assert.equal(code, 0, stderr)
      for (let time = 0; time < 20; time++) assert.notEqual(await ask(run.url), before)
      assert.equal(await run.stop(), 0)
    })
  }

  it('listens there where no port is given', async () => {
    const PORT = String(await freePort())
    const args = [EKIBEN, 'run', `${APPS}/looks-first.mjs`, '--log-format', 'json', '--', 'http']
    await using run = await startServing(args, { env: { PORT } })
    assert.match(await ask(`http://127.0.0.1:${PORT}`), /^\d+$/)
    assert.equal(await run.stop(), 0)
  })

  it('has proved nothing by that: a reload to code which never listens is refused', async () => {
    const main = `
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
const probe = createServer().listen(process.env.PORT)
await once(probe, 'listening')
probe.close()
await once(probe, 'close')
if (existsSync('stuck')) setInterval(() => {}, 60_000)
else createHttpServer((_, response) => response.end(String(process.pid))).listen(process.env.PORT)
`
    await using project = await projectFolder({ 'package.json': { name: 'shop', type: 'module' }, 'main.js': main })
    const flags = ['--log-format', 'json', ...QUICK, '--set', 'supervision.bootTimeoutMs=3000']
    await using run = await startServing([EKIBEN, 'run', 'main.js', ...LOCAL, ...flags], { cwd: project.path })
    const before = await ask(run.url)
    await writeFile(join(project.path, 'stuck'), '')
    const { code, stderr } = await steer(run, ['reload'])
    assert.notEqual(code, 0)
    assert.match(stderr, /^EKB_ERR_RELOAD_REFUSED: /m)
    assert.equal(await ask(run.url), before)
    assert.equal(await run.stop(), 0)
  })

  it('is not ready by that', async () => {
    const flags = [...LOCAL, '--log-format', 'json', '--set', 'supervision.bootTimeoutMs=3000']
    await using run = await runNode([EKIBEN, 'run', `${APPS}/looks-first.mjs`, ...flags])
    const { code, stderr } = await run.exited
    assert.equal(said(run, 'looked').length, 2)
    assert.equal(code, 3)
    assert.match(stderr, /EKB_ERR_WORKER_BOOT_TIMEOUT/)
    assert.ok(!logLines(run.stdout()).some(({ msg }) => msg === 'ready'))
  })
})

describe('an app whose server closes and listens again', () => {
  const WHERE: Readonly<Record<string, (folder: string) => { flags: readonly string[]; paths: readonly string[] }>> = {
    'on a port': () => ({ flags: LOCAL, paths: [] }),
    'on a Unix socket': (folder) => ({ flags: ['--uds', `${folder}/app.sock`], paths: [`${folder}/app.sock`] }),
    'at an address of its worker as well': (folder) => ({
      flags: [...LOCAL, '--worker-listen', `unix:${folder}/{slot}.sock`],
      paths: [`${folder}/0.sock`],
    }),
  }
  for (const [where, at] of Object.entries(WHERE)) {
    it(`is ready while it listens: ${where}`, async () => {
      await using folder = await socketFolder()
      const { flags, paths } = at(folder.path)
      await using run = await runApp('listens-again.cjs', [...flags, '--admin', folder.socket])
      const becomes = (status: number) =>
        waitUntil(async () => (await askSocket(folder.socket, '/readyz')).status === status, {
          describe: `${status} of /readyz`,
        })
      const answers = async (): Promise<void> => {
        if (flags === LOCAL) assert.equal(JSON.parse(await ask(run.url)).port, Number(new URL(run.url).port))
        for (const path of paths) assert.equal((await callOver(path, '')).status, 200)
      }
      await answers()
      const pid = Number(said(run, 'listening')[0]?.pid)
      for (let time = 1; time <= 2; time++) {
        process.kill(pid, 'SIGALRM')
        await becomes(503)
        assert.deepEqual(said(run, 'closed').at(-1), { said: 'closed', address: null })
        process.kill(pid, 'SIGALRM')
        await becomes(200)
        await answers()
      }
      assert.equal(await run.stop(), 0)
    })
  }
})

describe('an app that takes the next port where one of its own is taken', () => {
  for (const way of ['same', 'new']) {
    it(`is refused as it would be without us: by the ${way} server`, async () => {
      await using taken = await takenPort()
      const next = await freePort()
      const args = [way, String(taken.port), String(next)]
      await using run = await runApp('next-port.cjs', LOCAL, args)
      await waitUntil(() => said(run, 'refused').length > 0, { describe: 'its word' })
      await using alone = await runNode([join(APPS, 'next-port.cjs'), ...args.slice(0, 2), '0'], { env: { PORT: '0' } })
      await waitUntil(() => said(alone, 'refused').length > 0, { describe: 'what it says without us' })
      assert.deepEqual(said(run, 'refused')[0]?.facts, said(alone, 'refused')[0]?.facts)
      assert.equal(said(run, 'refused')[0]?.cause, 'EKB_ERR_SOCKET_IN_USE')
      await waitUntil(
        () =>
          ask(`http://127.0.0.1:${next}`).then(
            (text) => text === 'own',
            () => false,
          ),
        {
          describe: 'the next port',
        },
      )
      assert.equal(await ask(run.url), 'clients')
      assert.equal(await run.stop(), 0)
    })
  }
})

describe('an app with two servers on one port', () => {
  it('has each at its own address', async () => {
    const port = await freePort()
    await using run = await runApp('one-port-twice.cjs', ['--port', String(port)], ['127.0.0.1', '127.0.0.2'])
    await waitUntil(() => said(run, 'listening').length === 2, { describe: 'both to listen' })
    assert.equal(await ask(`http://127.0.0.1:${port}`), 'first')
    assert.equal(await ask(`http://127.0.0.2:${port}`), 'second')
    assert.deepEqual(
      said(run, 'listening').map(({ address }) => (address as AddressInfo).address),
      ['127.0.0.1', '127.0.0.2'],
    )
    assert.equal(await run.stop(), 0)
  })

  for (const [second, address] of [
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
  ] as const) {
    it(`is refused where Node refuses it: 127.0.0.1 and ${second}`, async () => {
      const port = await freePort()
      await using run = await runApp('one-port-twice.cjs', ['--port', String(port)], ['127.0.0.1', second])
      await waitUntil(() => said(run, 'refused').length === 1, { describe: 'the second to be refused' })
      assert.deepEqual(said(run, 'refused'), [{ said: 'refused', name: 'second', code: 'EADDRINUSE', address, port }])
      assert.equal(await ask(run.url), 'first')
      assert.equal(await run.stop(), 0)
    })
  }

  it('serves all of localhost by the first, as Fastify has a server for each of its addresses', async () => {
    await using run = await runApp('fastify.mjs', ['--port', '0', '--host', '0.0.0.0'])
    const port = new URL(run.url).port
    const { addresses } = JSON.parse(await ask(`http://127.0.0.1:${port}`)) as { addresses: AddressInfo[] }
    for (const { address } of addresses) assert.equal(address, '0.0.0.0')
    await waitUntil(() => said(run, 'onListen').length === 1, { describe: 'the hook onListen' })
    assert.equal(await run.stop(), 0)
  })
})
