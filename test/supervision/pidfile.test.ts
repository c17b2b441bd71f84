import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { writePidfile } from '../../packages/core/build/supervisor/pidfile.js'
import { failFixture, serveFixture } from '../helpers/serve-fixture.js'

const SERVICE = 'crashes-on-request'
const LONG_AGO = new Date('2020-01-01')

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-pid-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

async function sleeper(t: TestContext): Promise<number> {
  // By a name that has nothing to do with ours: the Node that runs the tests may lie in a folder that has.
  const child = spawn('sh', ['-c', 'echo up; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' })
  await once(child, 'exit')
  return child.pid ?? 0
}

describe('--pidfile', () => {
  it('holds the number of the supervisor while it runs', async (t) => {
    const folder = await folderOf(t)
    const file = join(folder, 'app.pid')
    await using server = await serveFixture(SERVICE, ['--pidfile', file])
    assert.equal(await readFile(file, 'utf8'), `${server.pid}\n`)
    assert.equal((await stat(file)).mode & 0o077 & ~process.umask(), 0o044 & ~process.umask())
    assert.equal(await server.stop(), 0)
    assert.deepEqual(await readdir(folder), [])
  })

  it('is there before anything of the service is loaded, and gone when the start fails', async (t) => {
    const folder = await folderOf(t)
    const file = join(folder, 'app.pid')
    const { code } = await failFixture('throws-on-load', ['--pidfile', file])
    assert.equal(code, 4)
    assert.deepEqual(await readdir(folder), [])
    await using first = await serveFixture(SERVICE, ['--pidfile', file])
    const taken = await failFixture(SERVICE, ['--pidfile', join(folder, 'b.pid'), '--port', new URL(first.url).port])
    assert.equal(taken.code, 6)
    assert.deepEqual(await readdir(folder), ['app.pid'])
    assert.equal(await first.stop(), 0)
  })

  it('takes over that of a dead process, and an empty one', async (t) => {
    const file = join(await folderOf(t), 'app.pid')
    for (const left of [`${await deadPid()}\n`, '', '99999999']) {
      await writeFile(file, left)
      await using server = await serveFixture(SERVICE, ['--pidfile', file])
      assert.equal(await readFile(file, 'utf8'), `${server.pid}\n`)
      assert.equal(await server.stop(), 0)
      assert.ok(!existsSync(file))
    }
  })

  it('refuses that of a living process, names it, and leaves it alone', async (t) => {
    const file = join(await folderOf(t), 'app.pid')
    const pid = await sleeper(t)
    await writeFile(file, `${pid}\n`)
    const { code, stdout, stderr } = await failFixture('talks-on-load', ['--pidfile', file])
    assert.equal(code, 2)
    assert.match(stderr, new RegExp(`^EKB_ERR_PIDFILE_IN_USE: .*${file}.* process ${pid}.*\\n {2}hint: `))
    assert.equal(stdout, '')
    assert.equal(await readFile(file, 'utf8'), `${pid}\n`)
  })

  it('refuses that of another instance, also when its date is of no use', async (t) => {
    const file = join(await folderOf(t), 'app.pid')
    await using server = await serveFixture(SERVICE, ['--pidfile', file])
    await utimes(file, LONG_AGO, LONG_AGO)
    const { code, stderr } = await failFixture(SERVICE, ['--pidfile', file])
    assert.equal(code, 2)
    assert.match(stderr, new RegExp(`EKB_ERR_PIDFILE_IN_USE: .*${server.pid}`))
    assert.equal(await server.stop(), 0)
    assert.ok(!existsSync(file))
  })

  it('takes over one whose number was given to a later process', {
    skip: process.platform === 'linux' ? false : 'only Linux tells when a process started to the needed precision',
  }, async (t) => {
    const file = join(await folderOf(t), 'app.pid')
    await writeFile(file, `${await sleeper(t)}\n`)
    await utimes(file, LONG_AGO, LONG_AGO)
    await using server = await serveFixture(SERVICE, ['--pidfile', file])
    assert.equal(await readFile(file, 'utf8'), `${server.pid}\n`)
    assert.equal(await server.stop(), 0)
  })

  it('never overwrites what is no pidfile, and says why it cannot write', async (t) => {
    const folder = await folderOf(t)
    const file = join(folder, 'notes.txt')
    await writeFile(file, '12 eggs\n')
    for (const [path, reason] of [
      [file, /no pidfile/],
      [folder, /EISDIR/],
      [join(folder, 'not', 'there'), /ENOENT/],
    ] as const) {
      const { code, stderr } = await failFixture(SERVICE, ['--pidfile', path])
      assert.equal(code, 2)
      assert.match(stderr, /^EKB_ERR_PIDFILE: /)
      assert.ok(stderr.includes(path), stderr)
      assert.match(stderr, reason)
    }
    assert.equal(await readFile(file, 'utf8'), '12 eggs\n')
    assert.deepEqual(await readdir(folder), ['notes.txt'])
  })

  it('is left alone at the stop when somebody else has written it meanwhile', async (t) => {
    const folder = await folderOf(t)
    const file = join(folder, 'app.pid')
    await using server = await serveFixture(SERVICE, ['--pidfile', file])
    await writeFile(file, '1\n')
    assert.equal(await server.stop(), 0)
    assert.equal(await readFile(file, 'utf8'), '1\n')
    await rm(file)
    await using second = await serveFixture(SERVICE, ['--pidfile', file])
    await rm(file)
    assert.equal(await second.stop(), 0)
    assert.deepEqual(await readdir(folder), [])
  })

  it('belongs to one instance of a process, and to a later start with the same number', async (t) => {
    const file = join(await folderOf(t), 'app.pid')
    // As in a container, where each start gets the number of the one before.
    await writeFile(file, `${process.pid}\n`)
    const first = await writePidfile(file, process.pid)
    await assert.rejects(writePidfile(file, process.pid), { code: 'EKB_ERR_PIDFILE_IN_USE' })
    await first.remove()
    const again = await writePidfile(file, process.pid)
    await again.remove()
    assert.ok(!existsSync(file))
  })

  it('leaves nothing behind, and is held by nobody, when it cannot be written', {
    skip: existsSync('/dev/full') ? false : 'nothing here stands in for a full disk',
  }, async (t) => {
    const folder = await folderOf(t)
    const file = join(folder, 'app.pid')
    await symlink('/dev/full', `${file}.${process.pid}`)
    await assert.rejects(writePidfile(file, process.pid), { code: 'EKB_ERR_PIDFILE', message: /ENOSPC/ })
    assert.deepEqual(await readdir(folder), [])
    await writeFile(file, `${process.pid}\n`)
    await (await writePidfile(file, process.pid)).remove()
    assert.deepEqual(await readdir(folder), [])
  })
})
