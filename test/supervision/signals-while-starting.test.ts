/** What a signal asks for that comes while the instance starts is done when it has. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { releaseProject, type Who } from '../helpers/release-project.js'
import { runNode } from '../helpers/run-node.js'
import { call, EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const FLAGS = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--log-level', 'debug']
/** Until there is a file of that name in the folder of the project. */
const GATED = `
  const { existsSync } = await import('node:fs')
  while (!existsSync('go')) await sleep(20)`

describe('while the instance starts', () => {
  it('HUP and TTIN are kept in mind', async () => {
    await using project = await releaseProject({ version: 'one', onFrontStart: GATED })
    const args = [EKIBEN, 'serve', 'service:Front', ...FLAGS, '--set', 'supervision.minReadyMs=50']
    await using run = await runNode(args, { cwd: project.path })
    const lines = (msg: string) => logLines(run.stdout()).filter((line) => line.msg === msg)
    const until = (isSo: () => boolean) => waitUntil(isSo, { describe: () => run.stdout() + run.stderr() })
    await until(() => run.stdout().includes('"to":"starting"'))
    await project.deploy({ version: 'two' })
    run.kill('SIGHUP')
    run.kill('SIGTTIN')
    await until(() => lines('signal').length === 2)
    writeFileSync(join(project.path, 'go'), '')
    await until(() => lines('reloaded').length > 0)
    const url = String(lines('ready')[0]?.url)
    assert.equal((await call<Who>(url, 'who')).body.version, 'two')
    const ofFront = () =>
      lines('worker state').filter(
        ({ service, generation, to }) => service === 'Front' && generation === 2 && to === 'ready',
      )
    await until(() => ofFront().length === 2)
    run.kill('SIGTERM')
    assert.equal((await run.exited).code, 0, run.stdout())
  })
})
