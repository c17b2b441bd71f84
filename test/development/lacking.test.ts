/** A start that fails for the lack of a file, which comes meanwhile: the app does not load it, so it might be its own. */
import assert from 'node:assert/strict'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { greeterProject } from '../helpers/development-project.js'
import { greets, type Reloading, reloading, save, startReloading, stops, words } from '../helpers/reloading.js'
import { runNode } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const SERVE = [EKIBEN, 'serve', 'service:Greeter', '--reload']
const DEVELOPMENT = [...SERVE, '--development']
const PRODUCTION = [...SERVE, '--set', 'minReadyMs=100']
const ENV = { NODE_ENV: undefined, EKIBEN_PORT: '0', EKIBEN_LOG_FORMAT: 'json' }

/** A module that says whether it lacks another file, and goes on to once that is there. */
const WAITS_FOR_OTHER = `
import { existsSync } from 'node:fs'
const isThere = () => existsSync(new URL('./other.ts', import.meta.url))
const wasThere = isThere()
console.log(JSON.stringify({ lacks: !wasThere }))
while (!isThere()) await new Promise((go) => setTimeout(go, 20))
`
const LACKING = `${WAITS_FOR_OTHER}
if (!wasThere) throw new Error('too late')
export const { words } = await import('./other.js')
`

/** Resolves when it has been loaded without the file so often. */
function lacks(run: Reloading, times: number): Promise<unknown> {
  return waitUntil(() => run.lines().filter(({ lacks }) => lacks === true).length >= times, {
    timeoutMs: 30_000,
    describe: () => `a start without the file:\n${run.stdout()}${run.stderr()}`,
  })
}

describe('a start that fails for the lack of a file', () => {
  it('is tried again where it was the first, and the file came meanwhile', async () => {
    await using project = await greeterProject('standard', { 'words.ts': LACKING })
    await using started = await runNode(DEVELOPMENT, { cwd: project.path, env: ENV })
    const run = reloading({ ...started, url: '', stop: async () => null })
    await lacks(run, 1)
    await save(project, 'other.ts', words('from another'))
    await run.ready(1)
    await greets({ ...run, url: String(run.lines().find(({ msg }) => msg === 'ready')?.url) }, 'from another')
    started.kill('SIGTERM')
    assert.equal((await started.exited).code, 0, started.stdout() + started.stderr())
  })

  for (const [mode, args] of [
    ['development mode', DEVELOPMENT],
    ['production', PRODUCTION],
  ] as const) {
    it(`is tried again where the file had come in an earlier start as well, in ${mode}`, () => triesAgain(args))
  }

  async function triesAgain(args: readonly string[]): Promise<void> {
    await using project = await greeterProject()
    await using run = await startReloading(args, project.path)
    await save(project, 'words.ts', `${WAITS_FOR_OTHER}${words('second')}`)
    await lacks(run, 1)
    await save(project, 'other.ts', '')
    await greets(run, 'second')
    await save(project, 'words.ts', words('third'))
    await greets(run, 'third')
    await unlink(join(project.path, 'other.ts'))
    await save(project, 'words.ts', LACKING)
    await lacks(run, 2)
    await save(project, 'other.ts', words('from another'))
    await greets(run, 'from another')
    await stops(run)
  }
})
