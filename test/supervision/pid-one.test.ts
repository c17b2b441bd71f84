import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { call, EKIBEN, logLines, SERVICES } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const OWN_PIDS = ['-Urpf', '--mount-proc', '--kill-child']

async function mayUnshare(): Promise<boolean> {
  return promisify(execFile)('unshare', [...OWN_PIDS, 'true']).then(
    () => true,
    () => false,
  )
}

describe('as PID 1', () => {
  it('serves, warns that nobody collects lost processes, and stops at TERM with its own code', async (t) => {
    if (!(await mayUnshare())) return t.skip('this machine lets us make no pid namespace')
    const runtimeDir = await mkdtemp(join(tmpdir(), 'ekb-'))
    const args = [EKIBEN, 'serve', 'chain:Front', '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
    const child = spawn('unshare', [...OWN_PIDS, process.execPath, ...args], {
      cwd: SERVICES,
      env: { ...process.env, EKIBEN_RUNTIME_DIR: runtimeDir },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk
    })
    const exited = once(child, 'exit')
    try {
      const ready = await waitUntil(() => logLines(stdout).find(({ msg }) => msg === 'ready'), { timeoutMs: 60_000 })
      assert.equal(ready.pid, 1)
      const warning = logLines(stdout).find(({ level }) => level === 'warn')
      assert.match(String(warning?.msg), /PID 1.*(tini|--init)/)
      assert.equal((await call(String(ready.url), 'work')).status, 200)
      process.kill(await childOf(child), 'SIGTERM')
      assert.deepEqual(await exited, [0, null])
      assert.deepEqual(await readdir(runtimeDir), [])
    } finally {
      child.kill('SIGKILL')
      await rm(runtimeDir, { recursive: true, force: true })
    }
  })
})

/** The number that PID 1 has outside. */
async function childOf({ pid }: ChildProcess): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(pid)])
  return Number(stdout.trim())
}
