/** `--reload` in production: each save is a rolling reload. New code proves itself before it takes over. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ProjectFolder, projectFolder } from '../helpers/project-folder.js'
import { save, stops } from '../helpers/reloading.js'
import { type NodeRun, runNode } from '../helpers/run-node.js'
import { call, EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { steadyLoad } from '../helpers/steady-load.js'
import { waitUntil } from '../helpers/wait-until.js'

const wordsJs = (text: string): string => `export const words = '${text}'\n`
const BROKEN = 'const before = 1\nexport const words = (\nexport const after = 2\n'

const SERVICE = `
import { defineService } from '@ekiben/core'
import { threadId } from 'node:worker_threads'
import { words } from './words.js'
const own = process.pid + '/' + threadId
export const Helper = defineService(class Helper { async pid() { return own } }, { apis: { pid: {} } })
export const Greeter = defineService(
  class Greeter { async greet() { return { words, own, helper: await this.helper.pid() } } },
  { apis: { greet: {} }, dependencies: { helper: Helper } },
)
`
const APP = `
import { createServer } from 'node:http'
import { words } from './words.js'
createServer((request, response) => {
  request.resume()
  response.end(JSON.stringify({ words, own: process.pid + '/0' }))
}).listen(process.env.PORT)
`
const OPTIONS = "{ port: 0, host: '127.0.0.1', logFormat: 'json', reload: true, supervision: { minReadyMs: 100 } }"
const BOOTSTRAP = `
import { createServer } from 'node:http'
import { bootstrapProduction } from '@ekiben/core'
await bootstrapProduction(async ({ client }) => {
  const { words } = await import('./words.js')
  const { Helper } = await import('./service.js')
  const helper = client(Helper)
  return createServer(async (request, response) => {
    request.resume()
    response.end(JSON.stringify({ words, own: process.pid + '/0', helper: await helper.pid() }))
  })
}, ${OPTIONS})
`
const FROM_CODE = `
import { serveHttpProduction } from '@ekiben/core/serving'
await serveHttpProduction({ identifier: 'service:Greeter', handleSignals: true, ...${OPTIONS} })
`
const FLAGS = ['--reload', '--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--set', 'minReadyMs=100']
const ENV = { NODE_ENV: 'production' }
const SERVE = [EKIBEN, 'serve', 'service:Greeter', '--set', 'accessLog=false', ...FLAGS]

/** A module that says that it loads, and goes on to once there is a file `.go`. */
const waiting = (text: string): string => `
import { existsSync } from 'node:fs'
console.log('{"loads":"${text}"}')
while (!existsSync('.go')) await new Promise((go) => setTimeout(go, 20))
${wordsJs(text)}`

/** What each is started with, in a project that has all the files. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  'ekiben serve': SERVE,
  'ekiben serve --threaded': [...SERVE, '--threaded'],
  'ekiben run': [EKIBEN, 'run', 'app.js', ...FLAGS],
  bootstrapProduction: ['bootstrap.js'],
  serveHttpProduction: ['code.js'],
}

interface Seen {
  readonly words: string
  /** Process and thread. */
  readonly own: string
  readonly helper?: string
}

function project(files: Readonly<Record<string, string>> = {}): Promise<ProjectFolder> {
  const mains = { 'service.js': SERVICE, 'app.js': APP, 'bootstrap.js': BOOTSTRAP, 'code.js': FROM_CODE }
  const manifest = { name: 'app', type: 'module' }
  return projectFolder({ 'package.json': manifest, 'words.js': wordsJs('first'), ...mains, ...files })
}

function start(args: readonly string[], { path }: ProjectFolder): Promise<ServingCommand> {
  return startServing(args, { cwd: path, env: ENV })
}

/** Resolves when so many lines of its log are as `is` says. */
function logged(run: NodeRun, is: (line: Record<string, unknown>) => boolean, times = 1): Promise<unknown> {
  return waitUntil(() => logLines(run.stdout()).filter(is).length >= times, {
    timeoutMs: 30_000,
    describe: () => `a line of the log:\n${run.stdout()}${run.stderr()}`,
  })
}

const changes = (run: ServingCommand): unknown[] =>
  logLines(run.stdout()).flatMap(({ msg, files }) => (msg === 'changed: reloading' ? [files] : []))
const isRefused = ({ code }: Record<string, unknown>): boolean => code === 'EKB_ERR_RELOAD_REFUSED'

/** Resolves with the answer that has these words. */
function sees(run: NodeRun & Pick<ServingCommand, 'url'>, expected: string): Promise<Seen> {
  return waitUntil(
    async () => {
      const { body } = await call<Seen>(run.url, 'greet')
      return body.words === expected ? body : undefined
    },
    { timeoutMs: 30_000, describe: () => `the words ${expected}:\n${run.stdout()}${run.stderr()}` },
  )
}

describe('reload in production', () => {
  for (const [name, args] of Object.entries(WAYS)) {
    it(`takes each save into service while ${name} serves on, and nothing that is broken`, async () => {
      await using at = await project()
      await using run = await start(args, at)
      await using load = steadyLoad(`${run.url}/greet`, 3)
      const first = await sees(run, 'first')
      await save(at, 'words.js', wordsJs('second'))
      const second = await sees(run, 'second')
      assert.notEqual(second.own, first.own)
      assert.ok(![second.own, `${run.pid}/0`].includes(second.helper ?? 'none'))
      if (args.includes('--threaded')) assert.doesNotMatch(second.own, /\/0$/)
      await save(at, 'words.js', BROKEN)
      await logged(run, isRefused)
      // As Node shows it, or by us where Node shows nothing.
      await waitUntil(() => /words\.js:3\b[\s\S]*export const after = 2\n/.test(run.stderr()), {
        timeoutMs: 30_000,
        describe: () => `the lines that are broken:\n${run.stderr()}`,
      })
      const asked = load.ok()
      await waitUntil(() => load.ok() > asked + 20, { timeoutMs: 30_000, describe: 'answers of the old code' })
      assert.equal((await call<Seen>(run.url, 'greet')).body.words, 'second')
      await save(at, 'words.js', wordsJs('mended'))
      await sees(run, 'mended')
      assert.deepEqual((await load.stop()).failed, [])
      assert.deepEqual(changes(run), [['words.js'], ['words.js'], ['words.js']], run.stdout())
      await stops(run)
    })
  }

  it('misses no save that comes while the first code still starts', async () => {
    await using at = await project({ 'words.js': waiting('first') })
    await using run = await runNode(SERVE, { cwd: at.path, env: ENV })
    await logged(run, ({ loads }) => loads === 'first')
    await save(at, 'words.js', wordsJs('saved meanwhile'))
    await save(at, '.go', '')
    await logged(run, ({ msg }) => msg === 'ready')
    const url = String(logLines(run.stdout()).find(({ msg }) => msg === 'ready')?.url)
    await sees({ ...run, url }, 'saved meanwhile')
    run.kill('SIGTERM')
    assert.equal((await run.exited).code, 0, run.stdout() + run.stderr())
  })

  it('takes the last of several saves during a reload into service, and goes on to follow what is loaded', async () => {
    await using at = await project({ 'dist/made.js': wordsJs('made') })
    await using run = await start(SERVE, at)
    await save(at, 'words.js', waiting('next'))
    await logged(run, ({ loads }) => loads === 'next')
    const saves = [wordsJs('second'), `export { words } from './dist/made.js'`]
    for (const [index, text] of saves.entries()) {
      await save(at, 'words.js', text)
      await logged(run, ({ msg }) => msg === 'changed: reloading', index + 2)
    }
    await save(at, '.go', '')
    await sees(run, 'made')
    await logged(run, ({ msg }) => msg === 'reloaded', 2)
    // Output counts where it is loaded, and only then.
    await save(at, 'dist/made.js', wordsJs('after that'))
    await sees(run, 'after that')
    await save(at, 'dist/made.js', wordsJs('and once more'))
    await sees(run, 'and once more')
    await logged(run, ({ msg }) => msg === 'reloaded', 4)
    assert.equal(logLines(run.stdout()).filter(({ msg }) => msg === 'reloaded').length, 4, run.stdout())
    await stops(run)
  })
})
