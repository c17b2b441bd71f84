import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readFileSync, readSync, statSync, truncateSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { call, EKIBEN, SERVICES } from '../helpers/serve-fixture.js'
import { freePort } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

const MEGABYTE = 1024 * 1024
const CANNOT_LISTEN = 6

interface Serving extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  readonly folder: string
  readonly exited: Promise<unknown[]>
  readonly stop: () => Promise<unknown>
}

type Outputs = (folder: string) => { readonly stdout: number; readonly stderr: number }

/** Serves with these outputs; on a port that is known before, since nobody may read what it says. */
async function serve(outputs: Outputs, prefix: readonly string[] = [], tries = 3): Promise<Serving> {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-'))
  const port = await freePort()
  const { stdout, stderr } = outputs(folder)
  const flags = ['--port', String(port), '--host', '127.0.0.1', '--log-format', 'json']
  const [command = '', ...args] = [...prefix, process.execPath, EKIBEN, 'serve', 'noisy', ...flags]
  const child: ChildProcess = spawn(command, args, {
    cwd: SERVICES,
    env: { ...process.env, EKIBEN_RUNTIME_DIR: join(folder, 'run') },
    stdio: ['ignore', stdout, stderr],
  })
  closeSync(stdout)
  if (stderr !== stdout) closeSync(stderr)
  const exited = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  const end = async (): Promise<void> => {
    child.kill('SIGTERM')
    await exited
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await waitUntil(() => child.exitCode !== null || call(url, 'pid').then(({ status }) => status === 200), {
      timeoutMs: 60_000,
    })
    assert.equal(child.exitCode, null, 'it ended before it served')
  } catch (error) {
    const { exitCode } = child
    await end()
    // Another test has taken the port meanwhile.
    if (exitCode === CANNOT_LISTEN && tries > 1) return serve(outputs, prefix, tries - 1)
    throw error
  }
  const stop = (): Promise<unknown> => {
    child.kill('SIGTERM')
    return exited
  }
  return { url, pid: child.pid ?? 0, folder, exited, stop, [Symbol.asyncDispose]: end }
}

/** A pipe, and its reader's end, of which nobody reads. */
function pipe(path: string): { reader: number; writer: number } {
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return { reader, writer: openSync(path, constants.O_WRONLY) }
}

function read(reader: number): string {
  const buffer = Buffer.alloc(MEGABYTE)
  try {
    return buffer.toString('latin1', 0, readSync(reader, buffer))
  } catch {
    return ''
  }
}

const rssOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024

const pidOf = async (url: string): Promise<number> => (await call<number>(url, 'pid')).body

describe('an output that nobody reads', () => {
  it('costs the log, not the serving, and it is said once when somebody reads again', async () => {
    let reader = 0
    await using server = await serve((folder) => {
      const { reader: own, writer } = pipe(join(folder, 'out'))
      reader = own
      return { stdout: writer, stderr: openSync('/dev/null', 'w') }
    })
    const worker = await pidOf(server.url)
    for (let round = 0; round < 4; round++)
      assert.equal((await call(server.url, 'log', { kilobytes: 4_000 })).status, 200)
    let seen = ''
    await waitUntil(
      () => {
        seen += read(reader)
        return seen.includes('lines were dropped')
      },
      { timeoutMs: 30_000 },
    )
    assert.equal(seen.split('lines were dropped').length, 2)
    assert.equal(await pidOf(server.url), worker)
    assert.deepEqual(await server.stop(), [0, null])
    closeSync(reader)
  })

  it('holds up neither supervisor nor worker when it is stderr, and takes no memory', async () => {
    let reader = 0
    await using server = await serve((folder) => {
      const { reader: own, writer } = pipe(join(folder, 'err'))
      reader = own
      return { stdout: openSync('/dev/null', 'w'), stderr: writer }
    })
    const before = rssOf(server.pid)
    const worker = await pidOf(server.url)
    assert.equal((await call(server.url, 'shout', { megabytes: 40 })).status, 200)
    assert.ok(rssOf(server.pid) - before < 60 * MEGABYTE, `${before} -> ${rssOf(server.pid)}`)
    // The supervisor is awake: it replaces a worker.
    process.kill(worker, 'SIGKILL')
    assert.notEqual(await pidOf(server.url), worker)
    let seen = ''
    await waitUntil(
      () => {
        seen = seen.slice(-200) + read(reader)
        return seen.includes('bytes that workers wrote to stderr were dropped')
      },
      { timeoutMs: 30_000 },
    )
    assert.deepEqual(await server.stop(), [0, null])
    closeSync(reader)
  })

  it('does not keep the process from its end', async () => {
    let reader = 0
    await using server = await serve((folder) => {
      const { reader: own, writer } = pipe(join(folder, 'both'))
      reader = own
      return { stdout: writer, stderr: writer }
    })
    await call(server.url, 'log', { kilobytes: 500 })
    await call(server.url, 'shout', { megabytes: 1 })
    assert.deepEqual(await server.stop(), [0, null])
    closeSync(reader)
  })
})

describe('a full disk', () => {
  it('costs the log, not the serving; the log goes on once there is room, and says what is missing', async () => {
    // A limit on the size of files fails as a full disk does. 256 blocks of 1 KiB: bash counts so.
    const limited = ['bash', '-c', 'ulimit -f 256 && exec "$@"', 'limited']
    let path = ''
    await using server = await serve((folder) => {
      path = join(folder, 'log')
      return { stdout: openSync(path, 'a'), stderr: openSync('/dev/null', 'w') }
    }, limited)
    const worker = await pidOf(server.url)
    assert.equal((await call(server.url, 'log', { kilobytes: 500 })).status, 200)
    assert.equal(await pidOf(server.url), worker)
    await waitUntil(() => statSync(path).size >= 256 * 1024 - 2_000)
    truncateSync(path)
    await call(server.url, 'pid')
    const text = await waitUntil(
      () => {
        const seen = readFileSync(path, 'utf8')
        return seen.includes('lines were dropped') && seen.endsWith('\n') && seen
      },
      { describe: () => readFileSync(path, 'utf8') },
    )
    const lines = text.split('\n').filter((line) => line !== '')
    for (const line of lines) JSON.parse(line)
    assert.deepEqual(await server.stop(), [0, null])
  })
})

describe('a place that cannot be written', () => {
  const places = [
    ['RUNTIME_DIRECTORY', '/proc/none'],
    ['TMPDIR', '/proc/none'],
    ['EKIBEN_RUNTIME_DIR', '/dev/null/none'],
  ] as const
  for (const [variable, path] of places) {
    it(`is named, with the variable that sets another: ${variable}=${path}`, () => {
      const { EKIBEN_RUNTIME_DIR, RUNTIME_DIRECTORY, XDG_RUNTIME_DIR, HOME, ...env } = process.env
      const options = { cwd: SERVICES, env: { ...env, [variable]: path }, encoding: 'utf8' } as const
      const { status, stderr } = spawnSync(process.execPath, [EKIBEN, 'serve', 'noisy', '--port', '0'], options)
      assert.equal(status, 2)
      assert.match(stderr, /EKB_ERR_RUNTIME_DIR/)
      assert.match(stderr, new RegExp(`${path}[\\s\\S]*EKIBEN_RUNTIME_DIR`))
    })
  }
})
