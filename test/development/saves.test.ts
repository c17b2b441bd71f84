import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { greeterProject } from '../helpers/development-project.js'
import { type ProjectFolder, projectFolder } from '../helpers/project-folder.js'
import { greets, type Reloading, reloading, save, serveReloading, stops, words } from '../helpers/reloading.js'
import { runNode, runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

/** More than a file may change in a row while the app starts, before it is taken for one that the app writes itself. */
const MANY = 6
/** Further apart than saves that are taken together. */
const APART_MS = 100
/** Longer than what an app writes after its start is put down to that. */
const AFTER_START_MS = 500

/** A module that says when it begins to load, and goes on to once a save has come: the next, or a later one. */
const waiting = (saved: number, until = saved + 1): string => `
import { readFileSync } from 'node:fs'
console.log('{"loads":${saved}}')
${words(`saved ${saved}`)}
const isSaved = () => readFileSync(new URL(import.meta.url), 'utf8').includes("'saved " + ${until} + "'")
while (!isSaved()) await new Promise((go) => setTimeout(go, 20))
`

/** Resolves when a line of the log is what is waited for. */
function logged(run: Reloading, of: (line: Record<string, unknown>) => boolean, what: string): Promise<unknown> {
  return waitUntil(() => run.lines().some(of), {
    timeoutMs: 60_000,
    describe: () => `${what}:\n${run.stdout()}${run.stderr()}`,
  })
}

/** Saves the module again in each of so many starts in a row; resolves when it is taken for one that the app writes. */
async function saveAtEachStart(project: ProjectFolder, run: Reloading, saves: number, last: string): Promise<void> {
  for (let saved = 1; saved < saves; saved++) {
    await save(project, 'words.ts', waiting(saved))
    await logged(run, ({ loads }) => loads === saved, `save ${saved} to be loaded`)
  }
  await save(project, 'words.ts', last)
  const what = 'word of a file that is written at each start'
  await logged(run, ({ msg }) => /^written at each start/.test(String(msg)), what)
}

describe('saving in development mode', () => {
  it('takes the last of many saves into service, though each came while the app still started', async () => {
    await using project = await greeterProject()
    await using run = await serveReloading(project)
    await saveAtEachStart(project, run, MANY, words(`saved ${MANY}`))
    await greets(run, `saved ${MANY}`)
    await save(project, 'words.ts', words('after that'))
    await greets(run, 'after that')
    await stops(run)
  })

  it('takes the last of many saves into service, each in another start, long after they are taken for what the app writes', async () => {
    await using project = await greeterProject()
    await using run = await serveReloading(project)
    const saves = MANY - 1
    await saveAtEachStart(project, run, saves, waiting(saves))
    // It waits longer each time: the last of these more than four seconds.
    const last = saves + 3
    for (let saved = saves; saved < last; saved++) {
      await logged(run, ({ loads }) => loads === saved, `save ${saved} to be loaded`)
      await save(project, 'words.ts', saved + 1 === last ? words(`saved ${last}`) : waiting(saved + 1))
    }
    await greets(run, `saved ${last}`)
    await stops(run)
  })

  it('takes the last of many saves into service that came in a start which failed without it', async () => {
    await using project = await greeterProject()
    await using run = await serveReloading(project)
    const saves = MANY - 1
    await saveAtEachStart(project, run, saves, `${waiting(saves)}throw new Error('too late')\n`)
    await logged(run, ({ loads }) => loads === saves, `save ${saves} to be loaded`)
    await save(project, 'words.ts', words(`saved ${MANY}`))
    await greets(run, `saved ${MANY}`)
    assert.match(run.stderr(), /too late/)
    await stops(run)
  })

  for (const [how, end] of [
    ['serves', ''],
    ['fails', "throw new Error('too late')\n"],
  ] as const) {
    it(`takes a save into service that came in the first start, which ${how} without it`, async () => {
      await using project = await greeterProject('standard', { 'words.ts': `${waiting(0)}${end}` })
      const serve = [EKIBEN, 'serve', 'service:Greeter', '--development', '--reload']
      const env = { NODE_ENV: undefined, EKIBEN_PORT: '0', EKIBEN_LOG_FORMAT: 'json' }
      await using started = await runNode(serve, { cwd: project.path, env })
      const run = reloading({ ...started, url: '', stop: async () => null })
      await logged(run, ({ loads }) => loads === 0, 'the first start to load')
      await save(project, 'words.ts', words('saved 1'))
      await run.ready(1)
      await greets({ ...run, url: String(run.lines().find(({ msg }) => msg === 'ready')?.url) }, 'saved 1')
      started.kill('SIGTERM')
      assert.equal((await started.exited).code, 0, started.stdout() + started.stderr())
    })
  }

  it('takes a save in a start into service that brings back what was saved in the start before', async () => {
    await using project = await greeterProject()
    await using run = await serveReloading(project)
    await save(project, 'words.ts', waiting(1))
    await logged(run, ({ loads }) => loads === 1, 'save 1 to be loaded')
    await save(project, 'words.ts', words('saved 2'))
    await greets(run, 'saved 2')
    // What changes from now on is not put down to the start.
    await logged(run, (line) => line.msg === 'ready' && line.run === 3, 'run 3')
    await setTimeout(AFTER_START_MS)
    await save(project, 'words.ts', waiting(3, 2))
    await logged(run, ({ loads }) => loads === 3, 'save 3 to be loaded')
    await save(project, 'words.ts', words('saved 2'))
    await greets(run, 'saved 2')
    await stops(run)
  })

  it('takes the last of many saves into service that came within one start, and another within the next', async () => {
    await using project = await greeterProject()
    await using run = await serveReloading(project)
    const saves = MANY - 1
    const last = saves + 4
    await saveAtEachStart(project, run, saves, waiting(saves, last))
    await logged(run, ({ loads }) => loads === saves, `save ${saves} to be loaded`)
    for (let saved = saves + 1; saved <= last; saved++) {
      await setTimeout(APART_MS)
      await save(project, 'words.ts', waiting(saved))
    }
    await logged(run, ({ loads }) => loads === last, `save ${last} to be loaded`)
    await save(project, 'words.ts', words(`saved ${last + 1}`))
    await greets(run, `saved ${last + 1}`)
    await stops(run)
  })

  it('has new code loaded while the old one stops, and nothing made of it before that is gone', async () => {
    // JavaScript, which is loaded sooner.
    const service = `
import { defineService } from '@ekiben/core'
const say = (event) => process.stdout.write(JSON.stringify({ event }) + '\\n')
say('loaded')
export const Greeter = defineService(class Greeter {
  onStart() { say('started') }
  async onStop() {
    await new Promise((resolve) => setTimeout(resolve, 800))
    say('stopped')
  }
  async greet() {}
}, { apis: { greet: {} } })
`
    await using project = await projectFolder({ 'package.json': { type: 'module' }, 'service.js': service })
    await using run = await serveReloading(project)
    const events = () => run.lines().flatMap(({ event }) => (typeof event === 'string' ? [event] : []))
    let isOverlapped = false
    // Whether it is loaded in that time is for the machine to say: not each time, where it is busy.
    for (let time = 1; time <= 30 && !isOverlapped; time++) {
      const before = events().length
      const { code, stderr } = await runNodeToEnd([EKIBEN, 'reload'], { runtimeDir: run.runtimeDir })
      assert.equal(code, 0, stderr)
      await waitUntil(() => events().length >= before + 3, {
        timeoutMs: 30_000,
        describe: () => `three events: ${events()}`,
      })
      const seen = events().slice(before)
      assert.deepEqual([...seen].sort(), ['loaded', 'started', 'stopped'])
      assert.equal(seen[2], 'started', run.stdout())
      isOverlapped = seen[0] === 'loaded'
    }
    assert.ok(isOverlapped, 'new code was never loaded while the old stopped')
    await stops(run)
  })
})
