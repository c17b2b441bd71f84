import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readServiceManager } from '../../packages/core/build/config/service-manager.js'
import { createNotifier, type Notifier } from '../../packages/core/build/supervisor/notify.js'
import { type LogLine, postText, rawClient, recordingLog } from '../helpers/http-host.js'
import { cannotPlayManager, startNotifyServer } from '../helpers/notify-server.js'
import { call, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Manager extends AsyncDisposable {
  readonly notifier: Notifier
  readonly folder: string
  readonly warnings: () => string[]
}

/** A notifier that sends by the script given instead of systemd's command; undefined: there is no command at all. */
async function withCommand(script: string | undefined, variables: Record<string, string> = {}): Promise<Manager> {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-'))
  if (script !== undefined) {
    await writeFile(join(folder, 'systemd-notify'), `#!/bin/sh\ncd ${folder}\n${script}\n`)
    await chmod(join(folder, 'systemd-notify'), 0o755)
  }
  const { PATH } = process.env
  process.env.PATH = script === undefined ? folder : `${folder}:${PATH}`
  const lines: LogLine[] = []
  const log = recordingLog(lines)
  const manager = readServiceManager({ NOTIFY_SOCKET: '/run/notify', ...variables }, process.pid)
  const notifier = createNotifier(manager, log)
  return {
    notifier,
    folder,
    warnings: () => lines.filter(({ level }) => level === 'warn').map(({ message = '' }) => message),
    [Symbol.asyncDispose]: async () => {
      await notifier.close()
      process.env.PATH = PATH
      await rm(folder, { recursive: true })
    },
  }
}

const RECORDS = 'for word; do printf "%s;" "$word"; done >> sent; echo >> sent'
const sentIn = (folder: string) => readFile(join(folder, 'sent'), 'utf8').catch(() => '')

describe('a service manager', () => {
  const reason = cannotPlayManager()
  for (const kind of ['path', 'abstract'] as const) {
    it(`is told by datagram, at a${kind === 'path' ? ' path' : 'n abstract address'}`, { skip: reason }, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'ekb-'))
      const address = kind === 'path' ? join(folder, 'n') : `@${folder}`
      await using server = await startNotifyServer(address)
      const before = process.env.NOTIFY_SOCKET
      process.env.NOTIFY_SOCKET = address
      try {
        const notifier = createNotifier(readServiceManager(process.env, process.pid), recordingLog([]))
        const start = process.hrtime.bigint() / 1000n
        notifier.ready()
        notifier.reloading()
        notifier.ready()
        notifier.status('all\nis well')
        notifier.stopping(1_500)
        await waitUntil(() => server.messages().length >= 5, { describe: 'five messages' })
        await notifier.close()
        const [first, [reloading, since = ''] = [], ...rest] = server.messages()
        assert.deepEqual(first, ['READY=1'])
        assert.equal(reloading, 'RELOADING=1')
        const [, usec = '0'] = /^MONOTONIC_USEC=(\d+)$/.exec(since) ?? []
        assert.ok(BigInt(usec) >= start && BigInt(usec) <= process.hrtime.bigint() / 1000n, since)
        assert.deepEqual(rest, [['READY=1'], ['STATUS=all is well'], ['STOPPING=1', 'EXTEND_TIMEOUT_USEC=1500000']])
      } finally {
        if (before === undefined) delete process.env.NOTIFY_SOCKET
        else process.env.NOTIFY_SOCKET = before
        await rm(folder, { recursive: true })
      }
    })
  }

  it('that started another process learns which one serves', async () => {
    await using manager = await withCommand(RECORDS, { SYSTEMD_EXEC_PID: '1' })
    manager.notifier.ready()
    await waitUntil(async () => (await sentIn(manager.folder)) === `READY=1;MAINPID=${process.pid};\n`)
  })
})

describe('the watchdog', () => {
  it('is told twice in its time that we are alive, as long as we are healthy', async () => {
    await using manager = await withCommand(RECORDS, { WATCHDOG_USEC: '200000', WATCHDOG_PID: String(process.pid) })
    let healthy = true
    const times: number[] = []
    manager.notifier.watch(() => {
      times.push(performance.now())
      return healthy
    })
    await waitUntil(async () => (await sentIn(manager.folder)).split('WATCHDOG=1;').length > 4)
    const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0))
    // One that came late on a busy machine is followed by a short one.
    const averageMs = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / gaps.length
    assert.ok(averageMs > 50 && Math.min(...gaps) < 150, String(gaps))
    healthy = false
    const asked = times.length
    // Sent after what was sent before.
    manager.notifier.status('not well')
    const isSaid = async () => (await sentIn(manager.folder)).endsWith('STATUS=not well;\n')
    await waitUntil(isSaid, { describe: 'the status' })
    await waitUntil(() => times.length > asked + 4)
    assert.ok(await isSaid(), await sentIn(manager.folder))
  })

  it('of another process, or none, is not told', async () => {
    for (const variables of [{ WATCHDOG_USEC: '2000', WATCHDOG_PID: '1' }, { WATCHDOG_USEC: '0' }]) {
      await using manager = await withCommand(RECORDS, variables)
      manager.notifier.watch(() => assert.fail('it was asked'))
      manager.notifier.ready()
      await waitUntil(async () => (await sentIn(manager.folder)) === 'READY=1;\n')
    }
  })
})

describe('where it cannot be told', () => {
  it('nothing happens without NOTIFY_SOCKET', async () => {
    await using manager = await withCommand(RECORDS, { NOTIFY_SOCKET: '' })
    manager.notifier.ready()
    await manager.notifier.close()
    assert.equal(await sentIn(manager.folder), '')
  })

  it('a missing command is said once', async () => {
    await using manager = await withCommand(undefined)
    for (let count = 0; count < 3; count++) manager.notifier.ready()
    await waitUntil(() => manager.warnings().length > 0)
    manager.notifier.stopping(1)
    await manager.notifier.close()
    assert.deepEqual(manager.warnings().length, 1)
    assert.match(manager.warnings()[0] ?? '', /systemd-notify.*NOTIFY_SOCKET/)
  })

  it('a command that fails is said once, and tried again', async () => {
    await using manager = await withCommand(`${RECORDS}; exit 1`)
    manager.notifier.ready()
    manager.notifier.stopping(1)
    await waitUntil(async () => (await sentIn(manager.folder)).split('\n').length > 2)
    await manager.notifier.close()
    assert.equal(await sentIn(manager.folder), 'READY=1;\nSTOPPING=1;EXTEND_TIMEOUT_USEC=1000;\n')
    assert.equal(manager.warnings().length, 1)
  })

  it('a command that hangs holds nothing up, and is gone at the end', async () => {
    await using manager = await withCommand('echo $$ > pid; exec sleep 60')
    manager.notifier.ready()
    manager.notifier.stopping(1)
    const pid = Number(
      await waitUntil(async () => (await readFile(join(manager.folder, 'pid'), 'utf8').catch(() => '')) || null),
    )
    const start = performance.now()
    await manager.notifier.close()
    // Left alone it would be given six seconds.
    assert.ok(performance.now() - start < 5_000)
    await waitUntil(() => !isAlive(pid), { describe: 'the command to be gone' })
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('serve', () => {
  it('says when it is ready, reloads and stops', { skip: cannotPlayManager() }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ekb-'))
    try {
      await using manager = await startNotifyServer(join(folder, 'notify'))
      const said = (line: string) => manager.messages().filter((message) => message.includes(line)).length
      await using server = await serveFixture('chain:Front', ['--set', 'supervision.minReadyMs=100'], {
        env: { NOTIFY_SOCKET: join(folder, 'notify'), WATCHDOG_USEC: '1000000', WATCHDOG_PID: undefined },
      })
      await waitUntil(() => said('READY=1') === 1 && said('WATCHDOG=1') > 1, { describe: 'READY and WATCHDOG' })
      server.kill('SIGHUP')
      await waitUntil(() => said('RELOADING=1') === 1 && said('READY=1') === 2, { describe: 'the reload' })
      const reloading = manager.messages().find((message) => message.includes('RELOADING=1'))
      assert.ok(reloading?.some((line) => /^MONOTONIC_USEC=\d+$/.test(line)))
      // What is not sent yet when all else has ended is given half a second: there is work to be done until it is.
      const request = postText('/work', {}, ['connection: close'])
      await using held = await rawClient(Number(new URL(server.url).port))
      held.write(request.slice(0, -1))
      await call(server.url, 'work')
      server.kill('SIGTERM')
      await waitUntil(() => said('STOPPING=1') === 1, { describe: 'STOPPING' })
      held.write(request.slice(-1))
      assert.equal((await server.exited).code, 0, server.stdout())
      assert.ok(manager.messages().some((message) => message.some((line) => line.startsWith('STATUS=running: '))))
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
