import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { controlSocket } from '../helpers/control-socket.js'
import { FLAVOURS, type Greeting, greeterProject } from '../helpers/development-project.js'
import { projectFolder } from '../helpers/project-folder.js'
import { greets, isRestarted, save, saveByRename, serveReloading, stops, words } from '../helpers/reloading.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { call, EKIBEN } from '../helpers/serve-fixture.js'

const WITHOUT_GIT = spawnSync('git', ['--version']).error === undefined ? false : 'git is not installed'

/** A folder beside a project. */
async function folderOutside(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'ekb-outside-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

describe('development mode with reload', () => {
  for (const flavour of FLAVOURS) {
    it(`takes a saved file into service, in TypeScript with ${flavour} decorators`, async () => {
      await using project = await greeterProject(flavour)
      await using run = await serveReloading(project)
      const before = (await call<Greeting>(run.url, 'greet')).body
      assert.equal(before.words, 'first')
      assert.equal(before.own, before.helper)
      assert.notEqual(before.own, run.pid)
      await save(project, 'words.ts', words('second'))
      await greets(run, 'second')
      await saveByRename(project, 'words.ts', words('third'))
      await greets(run, 'third')
      // The file that is there now is another than the one that was watched at first.
      await save(project, 'words.ts', words('fourth'))
      await greets(run, 'fourth')
      isRestarted(run, 3)
      const after = (await call<Greeting>(run.url, 'greet')).body
      assert.notEqual(after.own, before.own)
      assert.deepEqual(run.lines().find(({ msg }) => msg === 'changed: restarting')?.files, ['words.ts'])
      await stops(run)
    })
  }

  it('follows links to the files that they lead to, inside the working directory and outside', async () => {
    await using outside = await folderOutside()
    await mkdir(join(outside.path, 'shared'))
    await writeFile(join(outside.path, 'package.json'), '{ "type": "module" }')
    await writeFile(join(outside.path, 'words.ts'), words('first'))
    await writeFile(join(outside.path, 'shared/more.ts'), `export { words } from '../words.js'\n`)
    await using project = await greeterProject('standard', { 'words.ts': `export { words } from './shared/more.js'\n` })
    await symlink(join(outside.path, 'shared'), join(project.path, 'shared'))
    await using run = await serveReloading(project)
    await greets(run, 'first')
    await saveByRename(outside, 'words.ts', words('second'))
    await greets(run, 'second')
    await save(outside, 'shared/more.ts', words('third'))
    await greets(run, 'third')
    await stops(run)
  })

  it('counts what lies below the working directory, and neither installed code, dot folders, output nor leftovers', async () => {
    const service = (await greeterService()).replace(
      'return { words,',
      "return { prompt: readFileSync('prompts/greet.txt', 'utf8'), words,",
    )
    await using project = await greeterProject('standard', {
      'service.ts': `import { readFileSync } from 'node:fs'\n${service}`,
      'prompts/greet.txt': 'hello',
      'dist/words.js': '',
      '.cache/words.js': '',
      'node_modules/other/index.js': '',
      'tsconfig.json': '{ // "outDir": "prompts"\n "compilerOptions": { "outDir": "./made/esm", }, }',
      'made/esm/words.js': '',
      'made/words.txt': '',
      '.env.local': 'A=a',
    })
    await using run = await serveReloading(project)
    const ignored = [
      'dist/words.js',
      '.cache/words.js',
      'node_modules/other/index.js',
      'made/esm/words.js',
      '.envrc',
      'a.log',
      'b.ts~',
    ]
    for (const name of ignored) await save(project, name, 'changed')
    await save(project, 'prompts/greet.txt', 'good morning')
    await run.ready(2)
    assert.equal((await call<{ prompt: string }>(run.url, 'greet')).body.prompt, 'good morning')
    await mkdir(join(project.path, 'prompts/new'))
    await save(project, 'prompts/new/file.txt', 'x')
    await run.ready(3)
    await save(project, 'made/words.txt', 'changed')
    await run.ready(4)
    await save(project, '.env.local', 'A=b')
    await run.ready(5)
    const files = run.lines().flatMap((line) => (line.msg === 'changed: restarting' ? [line.files] : []))
    const counted = ['prompts/greet.txt', 'prompts/new/file.txt', 'made/words.txt', '.env.local']
    assert.deepEqual(files.flat(), counted, run.stdout())
    await stops(run)
  })

  it('loads output that it was told to serve, and notices that it was made anew', async () => {
    const service = `import { defineService } from '@ekiben/core'
import { words } from './words.js'
export const Greeter = defineService(class Greeter { async greet() { return { words } } }, { apis: { greet: {} } })
`
    await using project = await greeterProject('standard', {
      'dist/service.js': service,
      'dist/words.js': `export const words = 'first'`,
    })
    await using run = await serveReloading(project, [], { identifier: './dist/service.js:Greeter' })
    await greets(run, 'first')
    await save(project, 'dist/words.js', `export const words = 'second'`)
    await greets(run, 'second')
    await rm(join(project.path, 'dist'), { recursive: true })
    await mkdir(join(project.path, 'dist'))
    await save(project, 'dist/service.js', service)
    await save(project, 'dist/words.js', `export const words = 'third'`)
    await greets(run, 'third')
    await stops(run)
  })

  it('restarts once for many files', async () => {
    await using project = await greeterProject()
    await using run = await serveReloading(project)
    // To write them all may take a busy machine longer than the watcher waits for more.
    process.kill(run.pid, 'SIGSTOP')
    for (let at = 0; at < 60; at++) writeFileSync(join(project.path, `made-${at}.ts`), `export const a = ${at}\n`)
    await save(project, 'words.ts', words('second'))
    process.kill(run.pid, 'SIGCONT')
    await greets(run, 'second')
    const lines = run.lines().filter(({ msg }) => msg === 'changed: restarting')
    assert.deepEqual(
      lines.map(({ files, more }) => [(files as string[]).length, more]),
      [[5, 56]],
      run.stdout(),
    )
    await stops(run)
  })

  it('is not restarted for ever by what the app writes as it starts, be it loaded or not', async () => {
    const writes = `
import { renameSync, writeFileSync } from 'node:fs'
writeFileSync('schema.json', JSON.stringify({ at: process.hrtime.bigint().toString() }))
// In one step: emptied and then written, it may be two changes.
writeFileSync('made.mjs.tmp', 'export const made = 1')
renameSync('made.mjs.tmp', 'made.mjs')
const { made } = await import('./made.mjs')
`
    await using project = await greeterProject('standard', {
      'words.ts': `${writes}${words('first')}export { made }\n`,
    })
    await using run = await serveReloading(project)
    await greets(run, 'first')
    await save(project, 'words.ts', `${writes}${words('second')}export { made }\n`)
    await greets(run, 'second')
    await save(project, 'words.ts', `${writes}${words('third')}export { made }\n`)
    await greets(run, 'third')
    // One more for a file that is loaded and changes for the first time while the app starts: it may be a save.
    assert.ok(run.changes() <= 3, run.stdout())
    await stops(run)
  })

  it('takes a branch that is checked out into service', { skip: WITHOUT_GIT }, async () => {
    await using project = await greeterProject('standard', { '.gitignore': 'node_modules\n' })
    const git = (...args: string[]) => runGit(project.path, args)
    await git('init', '-q', '-b', 'one')
    await git('add', '.')
    await git('commit', '-q', '-m', 'one')
    await git('checkout', '-q', '-b', 'two')
    await mkdir(join(project.path, 'lib'))
    await save(project, 'lib/inner.ts', words('of two'))
    await save(project, 'words.ts', `export { words } from './lib/inner.js'\n`)
    await git('add', '.')
    await git('commit', '-q', '-m', 'two')
    await using run = await serveReloading(project)
    await greets(run, 'of two')
    await git('checkout', '-q', 'one')
    await greets(run, 'first')
    await git('checkout', '-q', 'two')
    await greets(run, 'of two')
    await stops(run)
  })

  for (const [name, flags] of Object.entries({
    'ekiben.config.json': [],
    'shop.json': ['--config', 'shop.json'],
  })) {
    it(`reads the configuration anew when ${name} has changed, and says what of it waits for a restart`, async () => {
      await using project = await greeterProject('standard', { [name]: { backlog: 100 } })
      await using run = await serveReloading(project, flags)
      const config = { backlog: 200, services: { Greeter: { env: { GREETER_SET: 'anew' } } } }
      await save(project, name, JSON.stringify(config))
      await run.ready(2)
      assert.equal((await call<Greeting>(run.url, 'greet')).body.set, 'anew', run.stdout() + run.stderr())
      assert.match(run.stdout(), /"changed":\["backlog"\]/)
      await stops(run)
    })
  }

  it('reads the configuration anew when it is told to reload', async () => {
    await using project = await greeterProject()
    await using folder = await projectFolder({ 'elsewhere.json': {} })
    const file = join(folder.path, 'elsewhere.json')
    await using run = await serveReloading(project, ['--config', file])
    await controlSocket(run)
    await writeFile(file, JSON.stringify({ services: { Greeter: { env: { GREETER_SET: 'anew' } } } }))
    assert.equal((await runNodeToEnd([EKIBEN, 'reload'], { runtimeDir: run.runtimeDir })).code, 0)
    assert.equal((await call<Greeting>(run.url, 'greet')).body.set, 'anew', run.stdout() + run.stderr())
    await stops(run)
  })

  it('is seen and steered as any instance is', async () => {
    await using project = await greeterProject()
    await using run = await serveReloading(project)
    const { runtimeDir } = run
    await controlSocket(run)
    const ps = async () => JSON.parse((await runNodeToEnd([EKIBEN, 'ps', '--json'], { runtimeDir })).stdout)[0]
    const before = await ps()
    assert.deepEqual([before.state, before.services.length, before.url], ['running', 1, run.url])
    assert.equal((await runNodeToEnd([EKIBEN, 'reload'], { runtimeDir })).code, 0)
    const after = await ps()
    assert.notEqual(after.services[0].workers[0].pid, before.services[0].workers[0].pid)
    assert.equal(after.lastReload.result, 'done')
    assert.match(await (await fetch(`${run.url}/metrics`)).text(), /ekiben_workers/)
    assert.equal((await runNodeToEnd([EKIBEN, 'stop'], { runtimeDir })).code, 0)
    assert.equal((await run.exited).code, 0, run.stdout() + run.stderr())
  })
})

async function greeterService(): Promise<string> {
  await using project = await greeterProject()
  return await readFile(join(project.path, 'service.ts'), 'utf8')
}

async function runGit(cwd: string, args: readonly string[]): Promise<void> {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.test', '-c', 'commit.gpgsign=false']
  const { code, stderr } = await runNodeToEnd([...author, ...args], { program: 'git', cwd })
  assert.equal(code, 0, stderr)
}
