/** A stop, and what else goes on or is asked for at that time: nothing is started any more. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import type { ServerClosed } from '@ekiben/core/serving'
import { releaseProject, serveProject } from '../helpers/release-project.js'
import { type NodeExit, runNode } from '../helpers/run-node.js'
import { EKIBEN, logLines, SERVICES } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const STOP_WHEN_KILLING = resolve('test/fixtures/stop-when-killing.cjs')
const LOG = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--log-level', 'debug']

// Where the entry service declares variables, the worker that announced the graph is killed as soon as that is known.
describe('a stop while the first worker gives way to one with its own variables', () => {
  it('ends the start', async () => {
    const args = ['--require', STOP_WHEN_KILLING, EKIBEN, 'serve', 'own-environments:Front', ...LOG]
    await using run = await runNode(args, { cwd: SERVICES })
    let exit: NodeExit | undefined
    void run.exited.then((ended) => {
      exit = ended
    })
    const started = () => logLines(run.stdout()).filter(({ to }) => to === 'booting')
    await waitUntil(() => exit !== undefined || started().length > 0, { describe: () => run.stdout() + run.stderr() })
    assert.deepEqual(started(), [])
    assert.equal(exit?.code, 0, run.stdout() + run.stderr())
  })

  it('ends a reload', async () => {
    await using project = await releaseProject({ version: 'one', front: "env: { MODEL: 'large' }" })
    await using server = await serveProject(project.path)
    let stopped: Promise<ServerClosed> | undefined
    let outcome: unknown
    const { kill } = process
    process.kill = (pid, signal) => {
      const isSent = kill.call(process, pid, signal)
      if (pid < 0) stopped ??= server.stop()
      return isSent
    }
    try {
      server.reload().then(
        (done) => {
          outcome = done
        },
        (error: unknown) => {
          outcome = error
        },
      )
      await waitUntil(() => outcome, { describe: 'the end of the reload' })
    } finally {
      process.kill = kill
    }
    assert.equal((outcome as { code?: string }).code, 'EKB_ERR_RELOAD_STOPPED')
    assert.deepEqual(await stopped, { exitCode: 0, forced: [] })
  })
})
