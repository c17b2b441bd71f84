import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { call, EKIBEN, failFixture, SERVICES } from '../helpers/serve-fixture.js'

describe('stdout', () => {
  it('holds nothing but the plan on a dry run, whatever the service writes', async () => {
    const { code, stdout, stderr } = await failFixture('talks-on-load', ['--dry-run'])
    assert.equal(code, 0)
    assert.equal(JSON.parse(stdout).entry, 'Talker')
    assert.match(stderr, /loading/)
  })

  it('may lose its reader: supervisor and workers serve on', async () => {
    const args = [EKIBEN, 'serve', 'talks-on-load', '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
    const child = spawn(process.execPath, args, { cwd: SERVICES, stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    try {
      const url = await readyUrl(child.stdout)
      child.stdout.destroy()
      const answers = []
      for (let count = 0; count < 20; count++) answers.push(await call<{ pid: number }>(url, 'say', { times: 100 }))
      assert.equal(new Set(answers.map(({ body }) => body.pid)).size, 1)
      child.kill('SIGTERM')
      assert.deepEqual(await exited, [0, null])
    } finally {
      child.kill('SIGKILL')
    }
  })
})

async function readyUrl(stdout: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const url = /"url":"([^"]+)"/.exec(line)?.[1]
    if (url !== undefined) return url
  }
  throw new Error('it ended before it was ready')
}
