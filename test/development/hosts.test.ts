import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { greeterProject } from '../helpers/development-project.js'
import { type ProjectFolder, projectFolder } from '../helpers/project-folder.js'
import { greets, type Reloading, save, serveReloading, startReloading, stops, words } from '../helpers/reloading.js'
import { call, EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const HELPER = `
import { defineService } from '@ekiben/core'
export const Helper = defineService(class Helper { async pid() { return process.pid } }, { apis: { pid: {} } })
`
/** It logs each call, and is asked once in vain whether it is ready. */
const TALKING = `
import { defineService } from '@ekiben/core'
let questions = 0
export const Helper = defineService(class Helper {
  isReady() {
    if (questions++ === 0) throw new Error('not at once')
    return true
  }
  async pid(_, { log }) {
    log.debug({ told: 'yes' }, 'asked')
    return process.pid
  }
}, { apis: { pid: {} } })
`
const LISTENING = (port: string) => `
import { createServer } from 'node:http'
import { words } from './words.js'
createServer((_request, response) => response.end(JSON.stringify({ words, own: process.pid, mode: process.env.NODE_ENV })))
  .listen(${port})
`
const BOOTSTRAP = `
import { createServer } from 'node:http'
import { bootstrapProduction } from '@ekiben/core'
await bootstrapProduction(async ({ client }) => {
  const { words } = await import('./words.js')
  const { Helper } = await import('./helper.js')
  const helper = client(Helper)
  return createServer(async (_request, response) => {
    response.end(JSON.stringify({ words, own: process.pid, helper: await helper.pid() }))
  })
}, { port: 0, logFormat: 'json', reload: true })
`
const FASTIFY = `
import Fastify from 'fastify'
import { servePlugin } from '@ekiben/fastify-plugin'
import { defineService } from '@ekiben/core'
import { Helper } from './helper.js'
import { words } from './words.js'
const Greeter = defineService(
  class Greeter { async greet() { return { words, own: process.pid, helper: await this.helper.pid() } } },
  { apis: { greet: {} }, dependencies: { helper: Helper } },
)
const app = Fastify()
app.register(servePlugin, Greeter)
await app.listen({ port: Number(process.env.PORT) })
`

interface Seen {
  readonly words: string
  readonly own: number
  readonly helper?: number
  readonly mode?: string
}

function appProject(files: Readonly<Record<string, string>>, packages: readonly string[] = []): Promise<ProjectFolder> {
  const all = { 'package.json': { name: 'app', type: 'module' }, 'helper.js': HELPER, 'words.js': wordsJs('first') }
  return projectFolder({ ...all, ...files }, { packages })
}

const wordsJs = (text: string): string => `export const words = '${text}'\n`

/** Resolves with the answer that has these words. */
function sees(run: Reloading, expected: string): Promise<Seen> {
  return waitUntil(
    async () => {
      const seen = (await call<Seen>(run.url, 'greet')).body
      return seen.words === expected ? seen : undefined
    },
    { timeoutMs: 30_000, describe: () => `the words ${expected}:\n${run.stdout()}${run.stderr()}` },
  )
}

async function followsChanges(
  run: Reloading,
  project: ProjectFolder,
  file = 'words.js',
  make = wordsJs,
): Promise<Seen> {
  const first = await sees(run, 'first')
  await save(project, file, make('second'))
  const second = await sees(run, 'second')
  assert.notEqual(second.own, first.own)
  assert.notEqual(second.own, run.pid)
  await stops(run)
  return second
}

const RUN = [EKIBEN, 'run', '--development', '--reload', '--port', '0']

describe('development mode of an app', () => {
  it('restarts one that nobody changed', async () => {
    await using project = await appProject({ 'main.js': LISTENING('process.env.PORT') })
    await using run = await startReloading([...RUN, 'main.js'], project.path)
    assert.equal((await followsChanges(run, project)).mode, 'development')
  })

  it('restarts one in TypeScript', async () => {
    const files = { 'main.ts': LISTENING('Number(process.env.PORT)'), 'words.ts': words('first') }
    await using project = await projectFolder(
      { 'package.json': { name: 'app', type: 'module' }, ...files },
      { packages: ['tsx'] },
    )
    await using run = await startReloading([...RUN, 'main.ts'], project.path)
    await followsChanges(run, project, 'words.ts', words)
  })

  it('runs the services of one that calls bootstrapProduction in its own process, started by itself or by the command', async () => {
    for (const args of [['main.js'], [...RUN, 'main.js']]) {
      await using project = await appProject({ 'main.js': BOOTSTRAP })
      await using run = await startReloading(args, project.path)
      const { own, helper } = await followsChanges(run, project)
      assert.equal(helper, own)
    }
  })

  it('runs the services that are mounted in Fastify, and those that they call, in its process', async () => {
    await using project = await appProject({ 'main.js': FASTIFY }, ['fastify', '@ekiben/fastify-plugin'])
    await using run = await startReloading([...RUN, 'main.js'], project.path)
    const { own, helper } = await followsChanges(run, project)
    assert.equal(helper, own)
  })

  it('restarts a service for whoever calls serveHttpProduction, and leaves that process alone', async () => {
    const main = `
import { serveHttpProduction } from '@ekiben/core/serving'
const server = await serveHttpProduction({
  identifier: 'service:Greeter', developmentMode: true, reload: true, port: 0, logFormat: 'json',
})
console.log(JSON.stringify({ installed: process.listenerCount('SIGTERM') + process.listenerCount('SIGINT') }))
process.once('SIGTERM', async () => console.log(JSON.stringify({ outcome: await server.stop() })))
`
    await using project = await greeterProject('standard', { 'main.js': main })
    await using run = await startReloading(['main.js'], project.path)
    const { own, helper } = await followsChanges(run, project, 'words.ts', words)
    assert.equal(helper, own)
    const told = run.lines().filter(({ installed, outcome }) => installed !== undefined || outcome !== undefined)
    assert.deepEqual(told, [{ installed: 0 }, { outcome: { exitCode: 0, forced: [] } }])
  })

  it('logs for people where nothing is told, though nobody reads it at a terminal', async () => {
    const main = BOOTSTRAP.replace("logFormat: 'json', ", '')
    await using project = await appProject({ 'main.js': main, 'alone.js': main.replace(', reload: true', '') })
    for (const name of ['main.js', 'alone.js']) {
      await using run = await startServing([name], { cwd: project.path, env: { NODE_ENV: undefined } })
      assert.equal((await call<Seen>(run.url, 'greet')).body.words, 'first')
      await stops(run)
      assert.match(run.stdout(), / INFO +starting mode=/)
      assert.deepEqual(logLines(run.stdout()), [])
    }
  })

  it('has the services that it calls log as it is told', async () => {
    const main = BOOTSTRAP.replace("logFormat: 'json', ", '')
    await using project = await appProject({ 'helper.js': TALKING, 'main.js': main })
    {
      const debug = ['--log-level', 'debug', '--log-format', 'json']
      await using run = await startReloading([...RUN, ...debug, 'main.js'], project.path)
      await sees(run, 'first')
      const asked = await waitUntil(() => run.lines().find(({ msg }) => msg === 'asked'), { describe: run.stdout })
      assert.deepEqual([asked.level, asked.told, asked.service], ['debug', 'yes', 'Helper'])
      assert.ok(run.lines().some(({ level, msg }) => level === 'error' && String(msg).startsWith('isReady() failed')))
      await stops(run)
    }
    await using run = await startServing([...RUN, 'main.js'], { cwd: project.path, env: { NODE_ENV: undefined } })
    assert.equal((await call<Seen>(run.url, 'greet')).body.words, 'first')
    await stops(run)
    assert.match(run.stdout(), / ERROR .*isReady\(\) failed/)
    assert.doesNotMatch(run.stdout(), /asked/)
    assert.deepEqual(logLines(run.stdout()), [])
  })

  it('is one process without reload, where NODE_ENV is production too', async () => {
    const main = BOOTSTRAP.replace('reload: true', 'developmentMode: true')
    await using project = await appProject({ 'main.js': main })
    await using run = await startServing(['main.js'], { cwd: project.path, env: { NODE_ENV: 'production' } })
    const { own, helper } = (await call<Seen>(run.url, 'greet')).body
    assert.deepEqual([own, helper], [run.pid, run.pid])
    await stops(run)
  })
})

/** Half the moment that a client which is connected has to ask. */
const HELD_UP_MS = 50

/** For how long this process was held up at most from now on. */
function watchDelays(): Disposable & { readonly longestMs: () => number } {
  let [last, longest] = [performance.now(), 0]
  const longestMs = (): number => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    return longest
  }
  const timer = setInterval(longestMs, 5)
  return { longestMs, [Symbol.dispose]: () => clearInterval(timer) }
}

interface Changing {
  readonly make: () => Promise<ProjectFolder>
  readonly args: readonly string[]
  readonly file: string
  readonly text: (words: string) => string
}

const SERVE = [EKIBEN, 'serve', 'service:Greeter', '--development', '--reload']
const ofApp = (main: string) => ({ make: () => appProject({ 'main.js': main }), file: 'words.js', text: wordsJs })
const CHANGING: Readonly<Record<string, Changing>> = {
  'ekiben serve': { make: () => greeterProject(), args: SERVE, file: 'words.ts', text: words },
  'ekiben run': { ...ofApp(LISTENING('process.env.PORT')), args: [...RUN, 'main.js'] },
  bootstrapProduction: { ...ofApp(BOOTSTRAP), args: ['main.js'] },
}

describe('requests while the code changes', () => {
  for (const [name, { make, args, file, text }] of Object.entries(CHANGING)) {
    it(`are all answered, and none is refused, when each has a connection of its own: ${name}`, async () => {
      await using project = await make()
      await using run = await startReloading(args, project.path)
      let isOver = false
      const seen = new Set<string>()
      const client = async (): Promise<void> => {
        while (!isOver) {
          using delays = watchDelays()
          try {
            const { status, body } = await call<Seen>(run.url, 'greet')
            assert.equal(status, 200)
            seen.add(body.words)
          } catch (error) {
            // Who has connected and then asks nothing for a moment is let go; nobody is refused.
            const isRefused = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
            if (isRefused || delays.longestMs() < HELD_UP_MS) throw error
          }
        }
      }
      const clients = [client(), client()]
      for (const each of clients) each.catch(() => {})
      const all = ['a', 'b', 'c']
      for (const each of all) {
        await save(project, file, text(each))
        await sees(run, each)
      }
      isOver = true
      await Promise.all(clients)
      for (const each of all) assert.ok(seen.has(each), each)
      await stops(run)
    })
  }

  it('may finish where they take a moment, and are cut where they do not end', async () => {
    const slow = `
export const words: string = 'first'
export async function wait(ms: number): Promise<void> {
  process.stdout.write('{"waiting":' + ms + '}\\n')
  await new Promise((resolve) => setTimeout(resolve, ms))
}
`
    const service = `
import { api, service } from '@ekiben/core'
import { wait, words } from './words.js'
@service()
export class Greeter {
  @api() async greet(): Promise<object> { return { words } }
  @api() async wait({ ms }: { ms: number }): Promise<object> { await wait(ms); return { words } }
}
`
    await using project = await greeterProject('standard', { 'words.ts': slow, 'service.ts': service })
    await using run = await serveReloading(project)
    const short = call<{ words: string }>(run.url, 'wait', { ms: 400 })
    const long = call(run.url, 'wait', { ms: 60_000 })
    long.catch(() => {})
    await waitUntil(() => logLines(run.stdout()).filter(({ waiting }) => waiting !== undefined).length === 2, {
      timeoutMs: 30_000,
      describe: () => `both to be asked:\n${run.stdout()}${run.stderr()}`,
    })
    await save(project, 'words.ts', slow.replace('first', 'second'))
    assert.equal((await short).body.words, 'first')
    await assert.rejects(long, /socket hang up|ECONNRESET/)
    await greets(run, 'second')
    await stops(run)
  })
})
