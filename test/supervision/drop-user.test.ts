import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { cannotActAsOthers } from '../helpers/act-as-others.js'
import { projectFolder } from '../helpers/project-folder.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { call, EKIBEN, failFixture, SERVICES, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const run = promisify(execFile)

interface Pids {
  readonly front: number
  readonly back: number
}

/** Lines of /proc/PID/status: real, effective, saved and file system id; and the supplementary groups. */
async function idsOf(pid: number): Promise<{ uids: string[]; gids: string[]; groups: string[] }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const words = (name: string) =>
    (new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1] ?? '').split(/\s+/).filter((word) => word !== '')
  return { uids: words('Uid'), gids: words('Gid'), groups: words('Groups') }
}

async function nobody(): Promise<{ uid: string; gid: string; home: string }> {
  const [, , uid = '', gid = '', , home = ''] = (await run('getent', ['passwd', 'nobody'])).stdout.split(':')
  return { uid, gid, home }
}

describe('--user and --group', () => {
  it('make workers run as somebody else, with no other groups and a home to match; calls between them work', async (t) => {
    if (cannotActAsOthers(t)) return
    const { uid, gid, home } = await nobody()
    await using server = await serveFixture('orphans:Front', ['--user', 'nobody'])
    const { body, status } = await call<Pids>(server.url, 'pids')
    assert.equal(status, 200)
    for (const pid of [body.front, body.back]) {
      assert.deepEqual(await idsOf(pid), { uids: Array(4).fill(uid), gids: Array(4).fill(gid), groups: [] })
      const environment = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0')
      for (const line of [`HOME=${home}`, 'USER=nobody', 'LOGNAME=nobody']) assert.ok(environment.includes(line), line)
    }
    assert.equal((await idsOf(server.pid)).uids[0], '0')
    // Others may pass through, and do no more; the sockets are in a folder of the workers' own.
    const folder = `${server.runtimeDir}/Front`
    const facts = await Promise.all(['', '/Front', '/Front/calls'].map((path) => lstat(server.runtimeDir + path)))
    assert.deepEqual(
      facts.map(({ mode, uid: owner, gid: group }) => [mode & 0o777, owner, group]),
      [
        [0o711, 0, 0],
        [0o710, 0, Number(gid)],
        [0o700, Number(uid), Number(gid)],
      ],
    )
    const sockets = await readdir(`${folder}/calls`)
    assert.equal(sockets.length, 1)
    assert.equal((await lstat(`${folder}/calls/${sockets[0]}`)).mode & 0o777, 0o600)
    process.kill(body.back, 'SIGKILL')
    await waitUntil(async () => (await call<Pids>(server.url, 'pids')).status === 200)
    assert.equal(await server.stop(), 0)
    assert.deepEqual(await readdir(server.runtimeDir), [])
  })

  it('take ids too, and a group of its own', async (t) => {
    if (cannotActAsOthers(t)) return
    await using server = await serveFixture('orphans:Front', ['--user', '65001', '--group', '65002'])
    const { front } = (await call<Pids>(server.url, 'pids')).body
    assert.deepEqual(await idsOf(front), { uids: Array(4).fill('65001'), gids: Array(4).fill('65002'), groups: [] })
    assert.equal(await server.stop(), 0)
  })

  it('leave the folder of a dead supervisor to the next start', async (t) => {
    if (cannotActAsOthers(t)) return
    await using server = await serveFixture('orphans:Front', ['--user', 'nobody'])
    await call(server.url, 'pids')
    server.kill('SIGKILL')
    await server.exited
    await using next = await serveFixture('orphans:Front', [], { runtimeDir: server.runtimeDir })
    assert.equal(await next.stop(), 0)
    assert.deepEqual(await readdir(server.runtimeDir), [])
  })

  const unknown = [
    ['--user', 'no-such-user'],
    ['--group', 'no-such-group'],
    ['--user', '65001'],
  ] as const
  for (const [flag, name] of unknown) {
    it(`refuse ${flag} ${name}, by its name`, async (t) => {
      if (cannotActAsOthers(t)) return
      const { code, stderr } = await failFixture('orphans:Front', [flag, name])
      assert.equal(code, 2)
      assert.match(stderr, /EKB_ERR_USER_UNKNOWN/)
      assert.match(stderr, new RegExp(`'${name}'`))
    })
  }

  it('refuse a user who may not read what workers are started from', async (t) => {
    if (cannotActAsOthers(t)) return
    await using project = await projectFolder({}, { copyCore: true, packages: ['ajv', 'commander', 'msgpackr'] })
    await chmod(project.path, 0o700)
    const args = [join(project.core, 'bin/ekiben.js'), 'serve', 'orphans:Front', '--port', '0', '--user', 'nobody']
    const refused = await runNodeToEnd(args, { cwd: SERVICES })
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /EKB_ERR_USER_CANNOT_READ: Workers are to run as 'nobody'/)
    assert.ok(refused.stderr.includes(`namei -l ${project.core}`), refused.stderr)
  })

  it('need root', async (t) => {
    if (cannotActAsOthers(t)) return
    const { uid, gid } = await nobody()
    const args = [EKIBEN, 'serve', 'orphans:Front', '--port', '0', '--user', 'daemon']
    const ids = { uid: Number(uid), gid: Number(gid) }
    const failed = await run(process.execPath, args, { cwd: SERVICES, ...ids }).catch((error: unknown) => error)
    const { code, stderr } = failed as { code: number; stderr: string }
    assert.equal(code, 2)
    assert.match(stderr, /EKB_ERR_USER_DENIED/)
  })
})
