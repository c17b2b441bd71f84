import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ownerFileName } from '../../packages/core/build/supervisor/folder-owner.js'
import { processIdentity } from '../../packages/core/build/util/process-identity.js'
import { controlSocket, shownBy, steer } from '../helpers/control-socket.js'
import { runNode } from '../helpers/run-node.js'
import { call, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { steadyLoad } from '../helpers/steady-load.js'
import { waitUntil } from '../helpers/wait-until.js'

const EMBEDS = fileURLToPath(new URL('../fixtures/embeds-service.mjs', import.meta.url))
const CLI_MODULE = fileURLToPath(new URL('../../packages/core/build/cli/main.js', import.meta.url))
const PRINT_LOADED = fileURLToPath(new URL('../fixtures/print-loaded.cjs', import.meta.url))

interface Folder extends AsyncDisposable {
  readonly runtimeDir: string
}

async function emptyRuntimeDir(): Promise<Folder> {
  const runtimeDir = await mkdtemp(join(tmpdir(), 'ekb-'))
  return { runtimeDir, [Symbol.asyncDispose]: () => rm(runtimeDir, { recursive: true, force: true }) }
}

describe('ekiben ps', () => {
  it('shows nothing where nothing runs, and makes no folder', async () => {
    await using folder = await emptyRuntimeDir()
    assert.deepEqual(await shownBy(folder), [])
    assert.deepEqual(await shownBy({ runtimeDir: join(folder.runtimeDir, 'not-there') }), [])
    const { code, stdout } = await steer(folder, ['ps'])
    assert.deepEqual([code, stdout], [0, 'no instance is running\n'])
  })

  it('shows each instance with every key that is promised', async () => {
    await using first = await serveFixture('chain:Front', ['--workers', 'Back=2'])
    await using second = await serveFixture('crashes-on-request', ['--instance', 'other'], first)
    await waitUntil(async () => (await shownBy(first)).every(({ state }) => state === 'running'))
    const shown = await shownBy(first)
    assert.deepEqual(
      shown.map(({ instance, pid, url }) => [instance, pid, url]),
      [
        ['Front', first.pid, first.url],
        ['other', second.pid, second.url],
      ],
    )
    for (const instance of shown) {
      assert.deepEqual(Object.keys(instance), ['instance', 'pid', 'url', 'state', 'lastReload', 'services'])
      for (const service of instance.services) {
        assert.deepEqual(Object.keys(service), ['name', 'state', 'target', 'generation', 'workers'])
        for (const worker of service.workers) {
          assert.deepEqual(Object.keys(worker), [
            ...['slot', 'pid', 'state', 'generation', 'uptimeMs', 'restarts', 'lastExit'],
            ...['rssBytes', 'inFlight', 'oldestCallMs', 'loopUtilization'],
          ])
        }
      }
    }
    const { stdout } = await steer(first, ['ps'])
    assert.match(stdout, new RegExp(`^Front  running  pid ${first.pid}  ${first.url}$`, 'm'))
    assert.match(stdout, /^Back +ready 2\/2 +1$/m)
    assert.match(stdout, /^ {2}1 +\d+ +ready +1 +\d/m)
    assert.equal(await second.stop(), 0)
    assert.equal(await first.stop(), 0)
  })

  it('shows what a worker is busy with', async () => {
    await using server = await serveFixture('wedges')
    const worker = async () => (await shownBy(server))[0]?.services[0]?.workers[0]
    const client = new AbortController()
    const held = assert.rejects(fetch(`${server.url}/hold`, { method: 'POST', signal: client.signal }))
    const busy = await waitUntil(async () => {
      const shown = await worker()
      return shown?.inFlight === 1 && (shown.oldestCallMs ?? 0) > 0 && shown
    })
    assert.ok((busy.rssBytes ?? 0) > 1024 * 1024)
    client.abort()
    await held
    await waitUntil(async () => (await worker())?.inFlight === 0)
    const load = steadyLoad(`${server.url}/spin`, 2, { ms: 50 })
    await waitUntil(async () => ((await worker())?.loopUtilization ?? 0) > 0.5)
    assert.deepEqual((await load.stop()).failed, [])
    await waitUntil(async () => ((await worker())?.loopUtilization ?? 1) < 0.5)
    assert.equal(await server.stop(), 0)
  })

  it('leaves out one whose supervisor is dead, and says so of one that does not answer', async () => {
    await using server = await serveFixture('crashes-on-request')
    await controlSocket(server)
    server.kill('SIGSTOP')
    const [shown] = await shownBy(server)
    assert.deepEqual([shown?.pid, shown?.state, shown?.url], [server.pid, 'not answering', null])
    const { code, stderr } = await steer(server, ['scale', 'Any=2'])
    assert.equal(code, 1, stderr)
    assert.match(stderr, new RegExp(`^EKB_ERR_INSTANCE_SILENT: .*pid ${server.pid}.* 2000 ms`))
    server.kill('SIGKILL')
    server.kill('SIGCONT')
    await server.exited
    assert.deepEqual(await shownBy(server), [])
    // What it left is for the next start to remove.
    await rm(server.runtimeDir, { recursive: true })
  })
})

describe('a command that steers', () => {
  it('takes the one instance there is, and asks which where there are two', async () => {
    await using folder = await emptyRuntimeDir()
    const none = await steer(folder, ['stop'])
    assert.equal(none.code, 2)
    assert.match(none.stderr, /^EKB_ERR_INSTANCE_NOT_FOUND: No instance is running/)
    assert.ok(none.stderr.includes(folder.runtimeDir), none.stderr)

    await using first = await serveFixture('crashes-on-request', ['--instance', 'one'], folder)
    await using second = await serveFixture('crashes-on-request', ['--instance', 'two'], folder)
    for (const args of [['stop'], ['reload'], ['scale', 'A=1'], ['restart', 'A'], ['dump', 'A/0']]) {
      const { code, stdout, stderr } = await steer(folder, args)
      assert.deepEqual([code, stdout], [2, ''], stderr)
      assert.match(stderr, /^EKB_ERR_INSTANCE_AMBIGUOUS: 2 instances are running: one, two\n.*--instance one/)
    }
    const unknown = await steer(folder, ['stop', '--instance', 'three'])
    assert.equal(unknown.code, 2)
    assert.match(unknown.stderr, /^EKB_ERR_INSTANCE_NOT_FOUND: .*'three'.*\n.*one, two/)

    const byName = await steer(folder, ['stop', '--instance', 'two'])
    assert.deepEqual([byName.code, byName.stdout], [0, 'two stopped\n'], byName.stderr)
    assert.equal((await second.exited).code, 0)
    const byVariable = await steer(folder, ['stop'], { env: { EKIBEN_INSTANCE: 'one' } })
    assert.equal(byVariable.code, 0, byVariable.stderr)
    assert.equal((await first.exited).code, 0)
  })

  for (const [args, reason] of [
    [['scale', 'Back=0'], /'Back=0'.*SERVICE=N/],
    [['scale', 'Back'], /'Back'.*SERVICE=N/],
    [['scale'], /SERVICE=N/],
    [['restart', 'Back/x'], /'Back\/x'.*SERVICE\/SLOT/],
    [['dump', 'Back'], /'Back'.*SERVICE\/SLOT/],
    [['reload', 'Back'], /Too many arguments/],
    [['ps', '--instance', 'x'], /Unknown option '--instance'/],
    [['sacle', 'Back=2'], /Did you mean scale/],
  ] as const) {
    it(`refuses what cannot be: ${args.join(' ')}`, async () => {
      await using folder = await emptyRuntimeDir()
      const { code, stdout, stderr } = await steer(folder, args)
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, /^EKB_ERR_CLI_USAGE: /)
      assert.match(stderr, reason)
    })
  }

  it('says that a restart is needed where the instance speaks another protocol', async () => {
    await using folder = await emptyRuntimeDir()
    const path = join(folder.runtimeDir, 'later')
    await mkdir(path, { mode: 0o700 })
    const self = await processIdentity(process.pid)
    assert.ok(self !== undefined)
    await writeFile(join(path, ownerFileName(self)), '')
    const later = createServer((_request, response) => {
      response.setHeader('ekiben-control', '2').setHeader('ekiben-version', '7.0.0').end('<later/>')
    })
    await new Promise<void>((resolve) => later.listen(join(path, 'control.sock'), resolve))
    try {
      const { code, stderr } = await steer(folder, ['reload'])
      assert.equal(code, 1)
      assert.match(stderr, /^EKB_ERR_CONTROL_SKEW: Restart needed.*7\.0\.0.*\n {2}hint: /)
      assert.equal((await shownBy(folder))[0]?.state, 'restart needed')
    } finally {
      await new Promise((resolve) => later.close(resolve))
    }
  })

  it('loads neither supervisor nor worker', async () => {
    await using folder = await emptyRuntimeDir()
    // The command of the single modules: in the bundle nobody sees which of them ran.
    const main = `require(${JSON.stringify(CLI_MODULE)}).main(process.argv.slice(1))`
    await using run = await runNode(['-r', PRINT_LOADED, '-e', main, 'stop'], { runtimeDir: folder.runtimeDir })
    const { stderr } = await run.exited
    const [, loaded = ''] = /^loaded: (.*)$/m.exec(stderr) ?? []
    const files = loaded.split(' ')
    assert.ok(files.includes('cli/commands/stop.js'), stderr)
    assert.deepEqual(
      files.filter((file) =>
        /^(worker|plan|graph|call|ipc|http)\/|^supervisor\/(instance|supervisor|watcher)\.js/.test(file),
      ),
      [],
    )
  })
})

describe('ekiben stop', () => {
  it('waits for work in flight, and exits 0 as the instance did', async () => {
    await using server = await serveFixture('chain:Front')
    await call(server.url, 'work')
    const answer = call(server.url, 'work', { ms: 1_000 })
    await call(server.url, 'work')
    const { code, stdout, stderr } = await steer(server, ['stop'])
    assert.deepEqual([code, stdout, stderr], [0, 'Front stopped\n', ''])
    assert.equal((await answer).status, 200)
    // It was gone when the command ended.
    assert.throws(() => process.kill(server.pid, 0), { code: 'ESRCH' })
    assert.equal((await server.exited).code, 0)
  })

  it('exits 7 and says what was cut, when something had to be', async () => {
    await using server = await serveFixture('chain:Front', ['--timeout-graceful-shutdown', '1'])
    await call(server.url, 'work')
    const answer = call(server.url, 'work', { ms: 60_000 })
    answer.catch(() => {})
    await call(server.url, 'work')
    const { code, stdout } = await steer(server, ['stop'])
    assert.equal(code, 7, stdout)
    assert.equal((await server.exited).code, 7)
    // A worker that a busy machine keeps from telling what it cuts is killed, and that is said.
    const cut = logLines(server.stdout()).flatMap(({ msg, what }) => (msg === 'had to be cut short' ? [what] : []))
    assert.match(String(cut[0]), /POST \/work|killed/)
    assert.equal(stdout, ['Front stopped', ...cut.map((what) => `  had to be cut short: ${what}`), ''].join('\n'))
    await assert.rejects(answer)
  })

  it('says when the supervisor died before it could tell', async () => {
    await using server = await serveFixture('chain:Front')
    await call(server.url, 'work')
    const answer = call(server.url, 'work', { ms: 60_000 })
    answer.catch(() => {})
    await call(server.url, 'work')
    const stopping = steer(server, ['stop'])
    await waitUntil(() => logLines(server.stdout()).some(({ msg }) => msg === 'steered'), { describe: 'the command' })
    server.kill('SIGKILL')
    const { code, stderr } = await stopping
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`^EKB_ERR_INSTANCE_LOST: .*Front.*${server.pid}`))
    await rm(server.runtimeDir, { recursive: true, force: true })
  })

  it('stops one that is embedded, and leaves the program that embeds it', async () => {
    await using run = await runNode([EMBEDS])
    await controlSocket(run)
    const { code, stdout, stderr } = await steer(run, ['stop'])
    assert.deepEqual([code, stdout, stderr], [0, 'crashes-on-request stopped\n', ''])
    await waitUntil(() => run.stdout().includes('closed'), { describe: 'its promise' })
    process.kill(run.pid, 0)
    assert.deepEqual(await shownBy(run), [])
    run.kill('SIGTERM')
    assert.equal((await run.exited).code, 0)
  })
})

describe('ekiben scale', () => {
  it('waits until so many workers are ready, and the rest are gone', async () => {
    await using server = await serveFixture('chain:Front')
    const readyOf = async (name: string) => {
      const [instance] = await shownBy(server)
      return instance?.services.find((service) => service.name === name)?.workers.map(({ state }) => state)
    }
    const more = await steer(server, ['scale', 'Back=4'])
    assert.deepEqual([more.code, more.stdout], [0, 'Back has 4 workers\n'], more.stderr)
    assert.deepEqual(await readyOf('Back'), ['ready', 'ready', 'ready', 'ready'])
    const less = await steer(server, ['scale', 'Back=1'])
    assert.deepEqual([less.code, less.stdout], [0, 'Back has 1 worker\n'], less.stderr)
    const unknown = await steer(server, ['scale', 'Bakc=2'])
    assert.equal(unknown.code, 2)
    assert.match(unknown.stderr, /Bakc[\s\S]*Did you mean.*Back/)
    assert.equal((await call(server.url, 'work')).status, 200)
    assert.equal(await server.stop(), 0)
  })
})

describe('ekiben dump', () => {
  it('writes what goes on in a worker to a file, and says where', async () => {
    await using server = await serveFixture('chain:Front')
    await controlSocket(server)
    const { code, stdout, stderr } = await steer(server, ['dump', 'Back/1'])
    assert.equal(code, 0, stderr)
    const dump = JSON.parse(await readFile(stdout.trim(), 'utf8')) as { service: string; slot: number }
    assert.deepEqual([dump.service, dump.slot], ['Back', 1])
    const missing = await steer(server, ['dump', 'Back/7'])
    assert.equal(missing.code, 2)
    assert.match(missing.stderr, /EKB_ERR_CONFIG_INVALID/)
    assert.equal(await server.stop(), 0)
  })
})
