/** Signals that come in a moment in which it is easy to miss them. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { appProject, inMode, mainFile } from '../helpers/bootstrap-app.js'
import { projectFolder } from '../helpers/project-folder.js'
import { type NodeExit, type RunNodeOptions, runNodeToEnd } from '../helpers/run-node.js'
import { call, EKIBEN, logLines, SERVICES } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { tlsProject } from '../helpers/tls-project.js'
import { waitUntil } from '../helpers/wait-until.js'

const LOG = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
const fixture = (name: string): string => resolve('test/fixtures', name)
const preload = (name: string): string[] => ['--require', fixture(`${name}.cjs`)]

/** It ends as after any other stop; that nothing is left behind is seen to by whoever ran it. */
async function stops(args: readonly string[], options: RunNodeOptions): Promise<NodeExit> {
  const exit = await runNodeToEnd(args, options)
  const { code, signal, stdout, stderr } = exit
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, stdout + stderr)
  return exit
}

const readyLines = ({ stdout }: Pick<NodeExit, 'stdout'>): object[] =>
  logLines(stdout).filter(({ msg }) => msg === 'ready')

const serve = (...flags: readonly string[]): string[] => [EKIBEN, 'serve', 'chain:Front', ...LOG, ...flags]
const WAYS = [
  ['serve', []],
  ['serve --threaded', ['--threaded']],
  ['serve --development --reload', ['--development', '--reload']],
] as const

describe('a stop that comes when the folder of the instance has just been made', () => {
  for (const [what, flags] of WAYS) {
    it(`is heeded by ${what}`, async () => {
      const exit = await stops([...preload('stop-in-folder'), ...serve(...flags)], { cwd: SERVICES })
      assert.deepEqual(readyLines(exit), [])
    })
  }
})

it('is heeded as soon as the pidfile is there, which goes with it', async () => {
  await using folder = await projectFolder({})
  const flags = ['--pidfile', join(folder.path, 'pid')]
  assert.deepEqual(
    readyLines(await stops([...preload('stop-when-claimed'), ...serve(...flags)], { cwd: SERVICES })),
    [],
  )
  assert.deepEqual(await readdir(folder.path), ['node_modules'])
})

describe('a stop that comes while a plan is made', () => {
  // What is set for the entry makes another process of it than the one that announced the graph, whose end is waited for.
  const OTHER = ['--set', 'Front.env.MODEL=small']

  for (const [what, flags] of WAYS.slice(0, 2)) {
    it(`is heeded by ${what} at its start`, async () => {
      const exit = await stops([...preload('stop-when-announced'), ...serve(...OTHER, ...flags)], { cwd: SERVICES })
      assert.deepEqual(readyLines(exit), [])
    })

    it(`is heeded by ${what} in a reload`, async () => {
      const env = { STOP_AT_ANNOUNCEMENT: '2' }
      const args = [...preload('stop-when-announced'), ...serve(...OTHER, ...flags)]
      await using run = await startServing(args, { cwd: SERVICES, env })
      // A reload ends by the stop.
      assert.equal(await run.stop('SIGHUP'), 0, run.stdout() + run.stderr())
    })
  }
})

it('is heeded while a run of an app is made in development mode', async () => {
  await using project = await tlsProject()
  const flags = [...LOG, ...project.flags, '--development', '--reload']
  const args = [...preload('stop-at-second-reading'), EKIBEN, 'serve', 'service.mjs', ...flags]
  await using run = await startServing(args, { cwd: project.path })
  assert.equal(await run.stop('SIGHUP'), 0, run.stdout() + run.stderr())
})

describe('a stop that comes when it has stopped', () => {
  const TWICE = [...preload('stop-when-ready'), ...preload('stop-again-at-exit')]

  for (const [what, flags] of [...WAYS, ['serve --development', ['--development']]] as const) {
    it(`changes nothing of how ${what} ends`, async () => {
      const exit = await stops([...TWICE, ...serve(...flags)], { cwd: SERVICES })
      assert.equal(readyLines(exit).length, 1)
    })
  }

  it('changes nothing of how run ends', async () => {
    const main = "require('node:http').createServer((_, answer) => answer.end()).listen(process.env.PORT, '127.0.0.1')"
    await using project = await projectFolder({ 'main.cjs': main })
    await stops([...TWICE, EKIBEN, 'run', 'main.cjs', ...LOG], { cwd: project.path })
  })

  for (const mode of ['supervised', 'one process'] as const) {
    it(`changes nothing of how an app of bootstrapProduction ends, ${mode}`, async () => {
      await using project = await appProject(mainFile('() => createServer((_, answer) => answer.end())'))
      await stops([...TWICE, 'main.js'], inMode(project.path, mode))
    })
  }
})

describe('a Ctrl-C under npm', () => {
  for (const [what, flags] of [...WAYS, ['serve --development', ['--development']]] as const) {
    it(`is one stop to ${what}, though npm hands it on`, async () => {
      await using run = await startServing([fixture('as-npm.cjs'), ...serve(...flags)], { cwd: SERVICES })
      const { pid } = logLines(run.stdout()).find(({ msg }) => msg === 'ready') as { pid: number }
      const own = logLines(run.stdout()).find(({ msg }) => msg === 'starting')?.pid
      const server = Number(own ?? pid)
      await call(run.url, 'work')
      const answer = call(run.url, 'work', { ms: 3_000 })
      answer.catch(() => {})
      // A second call on the same way comes back only after the first was sent.
      await call(run.url, 'work')
      process.kill(server, 'SIGINT')
      const isHeeded = () => logLines(run.stdout()).some(({ msg }) => msg === 'signal') || isRefused(run.url)
      await waitUntil(isHeeded, { describe: () => `the stop:\n${run.stdout()}${run.stderr()}` })
      process.kill(server, 'SIGINT')
      assert.equal((await answer).status, 200)
      const { code, stdout, stderr } = await run.exited
      assert.equal(code, 0, stdout + stderr)
    })
  }
})

function isRefused(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((done) => {
    const socket = createConnection(Number(port), hostname)
    socket.once('error', ({ code }: NodeJS.ErrnoException) => done(code === 'ECONNREFUSED'))
    socket.once('connect', () => {
      socket.destroy()
      done(false)
    })
  })
}
