import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { runNode, runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { freePort } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

const APPS = resolve('test/fixtures/apps')

describe('an app that does not open the port of its clients', () => {
  it('is refused when it opens others, which are listed', async () => {
    const [clients, own, given] = [await freePort(), await freePort(), await freePort()]
    const args = ['run', `${APPS}/two-ports.cjs`, '--port', String(given), '--', String(clients), String(own)]
    const { code, stderr } = await runNodeToEnd([EKIBEN, ...args])
    assert.equal(code, 2)
    assert.match(stderr, new RegExp(`EKB_ERR_APP_PORT: .*${clients} and ${own}, .*: ${given}\n.*--app-port ${clients}`))
  })

  it('is told when it opens a free one alone, and waited for until its boot times out', async () => {
    const flags = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
    const boot = ['--set', 'supervision.bootTimeoutMs=20000']
    await using run = await runNode([EKIBEN, 'run', `${APPS}/free-port.cjs`, ...flags, ...boot])
    const told = await waitUntil(
      () => logLines(run.stdout()).find(({ msg = '' }) => msg.includes('listens on a free port alone')),
      { timeoutMs: 60_000, describe: () => `a word on its port:\n${run.stdout()}${run.stderr()}` },
    )
    assert.equal(await (await fetch(`http://127.0.0.1:${told.port}`)).text(), 'found')
    const { code, stderr } = await run.exited
    assert.equal(code, 3)
    assert.match(stderr, /EKB_ERR_WORKER_BOOT_TIMEOUT/)
  })
})
