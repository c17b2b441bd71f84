import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import promises, { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { createInstanceFolder } from '../../packages/core/build/supervisor/instance-folder.js'
import { isAlive, processIdentity } from '../../packages/core/build/util/process-identity.js'
import { waitUntil } from '../helpers/wait-until.js'

const FIXTURE = join(__dirname, '../fixtures/sockets/owns-instance-folder.cjs')
const UID = process.getuid?.() ?? 0

interface Base extends AsyncDisposable {
  readonly path: string
  readonly env: Record<string, string>
}

async function makeBase(): Promise<Base> {
  const path = await mkdtemp(join(tmpdir(), 'ekb-'))
  const dispose = () => rm(path, { recursive: true, force: true })
  return { path, env: { EKIBEN_RUNTIME_DIR: path }, [Symbol.asyncDispose]: dispose }
}

interface Said {
  readonly path: string
  readonly instance: string
  readonly socket: string
  readonly code?: string
  readonly message?: string
}

interface Owner extends AsyncDisposable {
  readonly pid: number
  readonly said: Said
  readonly kill: () => Promise<void>
}

async function startOwner(base: Base, instance: string, explicit = false): Promise<Owner> {
  const child: ChildProcess = spawn(process.execPath, [FIXTURE, instance, explicit ? 'explicit' : ''], {
    env: { ...process.env, ...base.env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const [said] = (await once(child, 'message')) as [Said]
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  return { pid: child.pid ?? 0, said, kill, [Symbol.asyncDispose]: kill }
}

const create = (base: Base, instance: string, explicit = false) =>
  createInstanceFolder({ env: base.env, instance, explicit, pid: process.pid })

test('the folder is private, tells its owner, and is gone after remove', async () => {
  await using base = await makeBase()
  const folder = await create(base, 'shop')
  assert.equal(folder.path, join(base.path, 'shop'))
  assert.equal(folder.instance, 'shop')
  assert.equal(lstatSync(folder.path).mode & 0o777, 0o700)
  const identity = await processIdentity(process.pid)
  assert.deepEqual(readdirSync(folder.path), [`owner-${process.pid}-${identity?.startTime}.json`])
  await folder.remove()
  assert.deepEqual(readdirSync(base.path), [])
})

test('a socket path is short, the same for one key, and another for another', async () => {
  await using base = await makeBase()
  const folder = await create(base, 'shop')
  const path = folder.socketPath('Embedder/0/1')
  assert.equal(dirname(path), folder.path)
  assert.ok(basename(path).length <= 20, path)
  assert.equal(folder.socketPath('Embedder/0/1'), path)
  assert.notEqual(folder.socketPath('Embedder/0/2'), path)
  await writeFile(path, '')
  folder.removeSocket(path)
  folder.removeSocket(path)
  assert.ok(!existsSync(path))
  await folder.remove()
})

test('only sockets of the folder itself are removed through it', async () => {
  await using base = await makeBase()
  const folder = await create(base, 'shop')
  const foreign = join(base.path, 'foreign')
  await writeFile(foreign, '')
  folder.removeSocket(foreign)
  folder.removeSocket(join(folder.path, '..', 'foreign'))
  assert.ok(existsSync(foreign))
})

test('a path that sockets would not fit in is refused before anything is left there', async () => {
  await using base = await makeBase()
  const deep = join(base.path, 'd'.repeat(100 - base.path.length))
  await assert.rejects(
    createInstanceFolder({ env: { EKIBEN_RUNTIME_DIR: deep }, instance: 'shop', pid: process.pid }),
    { code: 'EKB_ERR_SOCKET_PATH_TOO_LONG', hint: /EKIBEN_RUNTIME_DIR/ },
  )
  assert.deepEqual(readdirSync(deep), [])
})

test('two living instances of one name stand side by side; the second gets a number', async () => {
  await using base = await makeBase()
  await using first = await startOwner(base, 'shop')
  await using second = await startOwner(base, 'shop')
  const third = await create(base, 'shop')
  assert.deepEqual([first.said.instance, second.said.instance, third.instance], ['shop', 'shop-2', 'shop-3'])
  assert.ok(existsSync(first.said.socket) && existsSync(second.said.socket))
  await third.remove()
})

test('an explicit name that a living instance has is refused, with its pid', async () => {
  await using base = await makeBase()
  await using first = await startOwner(base, 'shop', true)
  await assert.rejects(create(base, 'shop', true), {
    code: 'EKB_ERR_INSTANCE_RUNNING',
    message: `An instance named 'shop' is already running (pid ${first.pid})`,
  })
  assert.deepEqual(readdirSync(base.path), ['shop'])
})

test('of several that ask for one explicit name at once, one gets it', async () => {
  await using base = await makeBase()
  const owners = await Promise.all([1, 2, 3, 4].map(() => startOwner(base, 'shop', true)))
  const codes = owners.map(({ said }) => said.code ?? 'got it').sort()
  await Promise.all(owners.map((owner) => owner.kill()))
  assert.deepEqual(codes, [...Array(3).fill('EKB_ERR_INSTANCE_RUNNING'), 'got it'])
})

test('the folder of a killed owner is removed at the next start, a living one is not touched', async () => {
  await using base = await makeBase()
  const dead = await startOwner(base, 'dead')
  await using living = await startOwner(base, 'living')
  await dead.kill()
  assert.ok(existsSync(dead.said.socket))
  const folder = await create(base, 'shop')
  assert.deepEqual(readdirSync(base.path).sort(), ['living', 'shop'])
  assert.ok(existsSync(living.said.socket))
  await folder.remove()
})

test('of several that start after a kill under one explicit name, one gets the name', async () => {
  await using base = await makeBase()
  await (await startOwner(base, 'shop', true)).kill()
  const owners = await Promise.all([1, 2, 3, 4].map(() => startOwner(base, 'shop', true)))
  const got = owners.filter(({ said }) => said.code === undefined)
  const left = readdirSync(base.path)
  await Promise.all(owners.map((owner) => owner.kill()))
  assert.equal(got.length, 1)
  assert.deepEqual(left, ['shop'])
})

test('a name is free as soon as whoever clears its folder is done with it', async (t) => {
  await using base = await makeBase()
  const leftover = join(base.path, 'shop')
  await mkdir(leftover, { mode: 0o700 })
  // Who clears it is this process, which has put its name on what a dead one wrote, and is done in the worst moment.
  const self = await processIdentity(process.pid)
  await writeFile(join(leftover, `owner-${self?.pid}-${self?.startTime}.json`), '{}')
  const { rename } = promises
  t.mock.method(promises, 'rename', async (from: string, to: string) => {
    try {
      await rename(from, to)
    } catch (error) {
      await rm(leftover, { recursive: true })
      throw error
    }
  })
  const folder = await create(base, 'shop', true)
  assert.equal(folder.path, leftover)
  await folder.remove()
})

test('another process that got the number of a dead owner does not keep its folder', async () => {
  await using base = await makeBase()
  const leftover = join(base.path, 'shop')
  await mkdir(leftover, { mode: 0o700 })
  await writeFile(join(leftover, `owner-${process.pid}-1.json`), '{}')
  await writeFile(join(leftover, 'leftover.sock'), '')
  const folder = await create(base, 'shop', true)
  assert.equal(folder.path, leftover)
  assert.ok(!existsSync(join(leftover, 'leftover.sock')))
  await folder.remove()
})

test('a start that was cut short leaves nothing that the next one does not remove', async () => {
  await using base = await makeBase()
  const withOwner = await mkdtemp(join(base.path, `.new-${process.pid}-1-`))
  await writeFile(join(withOwner, `owner-${process.pid}-1.json`), '{}')
  await mkdtemp(join(base.path, `.new-${process.pid}-2-`))
  const folder = await create(base, 'shop')
  assert.deepEqual(readdirSync(base.path), ['shop'])
  await folder.remove()
})

test('other things in a folder that the user named are not ours to remove', async () => {
  await using base = await makeBase()
  await mkdir(join(base.path, 'empty'))
  await mkdir(join(base.path, 'full'))
  await writeFile(join(base.path, 'full', 'file'), '')
  const folder = await create(base, 'shop')
  await folder.remove()
  assert.deepEqual(readdirSync(base.path).sort(), ['empty', 'full'])
  await assert.rejects(create(base, 'full', true), { code: 'EKB_ERR_RUNTIME_DIR', message: /no instance's folder/ })
})

test('a process that has ended but was not collected does not count as alive', async () => {
  // The shell becomes a `sleep`, which waits for no child: what ends then stays a zombie until it ends itself.
  const script = 'exec 3<&0; cat <&3 & echo $!; exec sleep 60'
  const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(shell.stdout, 'data')) as [Buffer]
    const pid = Number(String(line))
    const commandOf = (process: number | undefined): string => readFileSync(`/proc/${process}/comm`, 'utf8').trim()
    await waitUntil(() => commandOf(shell.pid) === 'sleep', { describe: 'the shell to be a sleep' })
    shell.stdin.end()
    await waitUntil(async () => (await processIdentity(pid)) === undefined, { describe: 'the child to be dead' })
    process.kill(pid, 0)
  } finally {
    shell.kill('SIGKILL')
  }
})

test('an identity is that of one process', async () => {
  const own = await processIdentity(process.pid)
  assert.ok(own !== undefined && (await isAlive(own)))
  assert.ok(!(await isAlive({ ...own, startTime: '1' })))
})

const REFUSED: readonly (readonly [name: string, prepare: (path: string) => Promise<void>, reason: RegExp])[] = [
  ['a symbolic link', (path) => symlink(tmpdir(), path), /it is a symbolic link/],
  ['a file', (path) => writeFile(path, ''), /it is not a folder/],
  ['open to the group', (path) => mkdir(path).then(() => chmod(path, 0o750)), /its mode is 0750, not 0700/],
]

for (const [name, prepare, reason] of REFUSED) {
  test(`the folder in the temporary one is refused, and left as it is, when it is ${name}`, async () => {
    await using base = await makeBase()
    const path = join(base.path, `ekiben-${UID}`)
    await prepare(path)
    const before = lstatSync(path)
    await assert.rejects(createInstanceFolder({ env: { TMPDIR: base.path }, instance: 'shop', pid: process.pid }), {
      code: 'EKB_ERR_RUNTIME_DIR',
      message: reason,
      hint: /EKIBEN_RUNTIME_DIR/,
    })
    assert.deepEqual([lstatSync(path).mode, lstatSync(path).ino], [before.mode, before.ino])
  })
}

test('without a variable the folder is made in the temporary one, private', async () => {
  await using base = await makeBase()
  const folder = await createInstanceFolder({ env: { TMPDIR: base.path }, instance: 'shop', pid: process.pid })
  assert.equal(folder.path, join(base.path, `ekiben-${UID}`, 'shop'))
  assert.equal(lstatSync(dirname(folder.path)).mode & 0o777, 0o700)
  await folder.remove()
})

test('an XDG folder that does not exist is passed over', async () => {
  await using base = await makeBase()
  const env = { XDG_RUNTIME_DIR: join(base.path, 'gone'), TMPDIR: base.path }
  const folder = await createInstanceFolder({ env, instance: 'shop', pid: process.pid })
  assert.equal(dirname(folder.path), join(base.path, `ekiben-${UID}`))
  await folder.remove()
})

test('a place that cannot be written to is a coded error', async () => {
  await using base = await makeBase()
  const file = join(base.path, 'file')
  await writeFile(file, '')
  for (const path of [join(file, 'below'), '/proc/ekiben']) {
    await assert.rejects(
      createInstanceFolder({ env: { EKIBEN_RUNTIME_DIR: path }, instance: 'shop', pid: process.pid }),
      { code: 'EKB_ERR_RUNTIME_DIR', message: new RegExp(`Cannot use the runtime folder ${path}: E[A-Z]+`) },
    )
  }
})

for (const name of ['', '..', '.hidden', 'a/b', 'a b', 'x'.repeat(64)]) {
  test(`'${name}' is no name of an instance`, async () => {
    await using base = await makeBase()
    await assert.rejects(create(base, name), { code: 'EKB_ERR_CONFIG_INVALID' })
    assert.deepEqual(readdirSync(base.path), [])
  })
}
