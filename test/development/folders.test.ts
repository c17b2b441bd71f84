/** Folders that are made anew, as by a build that begins with nothing, while what was in them is followed; and one that is no file. */
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type ProjectFolder, projectFolder } from '../helpers/project-folder.js'
import { greets, save, serveReloading, stops } from '../helpers/reloading.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { logLines } from '../helpers/serve-fixture.js'

const SERVICE = `
import { defineService } from '@ekiben/core'
import { words } from './words.js'
export const Greeter = defineService(class Greeter { async greet() { return { words } } }, { apis: { greet: {} } })
`
const wordsJs = (text: string): string => `export const words = '${text}'\n`

/** Takes a port, gives it back, and takes it again. */
const TWICE = `
import { serveHttpProduction } from '@ekiben/core/serving'
const options = { identifier: './src/service.js:Greeter', host: '127.0.0.1', logFormat: 'json', reload: true }
const first = await serveHttpProduction({ ...options, port: 0 })
const { port } = first.address
await first.stop()
const second = await serveHttpProduction({ ...options, port })
console.log(JSON.stringify({ again: second.address.port === port }))
await second.stop()
`

function project(folder: string): Promise<ProjectFolder> {
  return projectFolder({
    'package.json': { name: 'greeter', type: 'module' },
    [`${folder}/service.js`]: SERVICE,
    [`${folder}/words.js`]: wordsJs('first'),
  })
}

describe('a folder that is made anew', () => {
  for (const [what, folder] of [
    ['of output', 'dist'],
    ['of sources', 'src'],
  ] as const) {
    it(`is followed where another took its place between two looks: ${what}`, async () => {
      await using at = await project(folder)
      await using run = await serveReloading(at, [], { identifier: `./${folder}/service.js:Greeter` })
      await greets(run, 'first')
      process.kill(run.pid, 'SIGSTOP')
      rmSync(join(at.path, folder), { recursive: true })
      mkdirSync(join(at.path, folder))
      writeFileSync(join(at.path, folder, 'service.js'), SERVICE)
      writeFileSync(join(at.path, folder, 'words.js'), wordsJs('second'))
      process.kill(run.pid, 'SIGCONT')
      await greets(run, 'second')
      await run.ready(2)
      await save(at, `${folder}/words.js`, wordsJs('third'))
      await greets(run, 'third')
      await stops(run)
    })
  }

  for (const [what, replace] of [
    ['a file', (path: string) => writeFileSync(path, '')],
    ['a link to itself', (path: string) => symlinkSync('src', path)],
  ] as const) {
    it(`is seen to be gone where ${what} took its place between two looks`, async () => {
      await using at = await project('src')
      await using run = await serveReloading(at, [], { identifier: './src/service.js:Greeter' })
      process.kill(run.pid, 'SIGSTOP')
      rmSync(join(at.path, 'src'), { recursive: true })
      replace(join(at.path, 'src'))
      process.kill(run.pid, 'SIGCONT')
      await run.broken()
      rmSync(join(at.path, 'src'))
      mkdirSync(join(at.path, 'src'))
      await save(at, 'src/service.js', SERVICE)
      await save(at, 'src/words.js', wordsJs('second'))
      await greets(run, 'second')
      await stops(run)
    })
  }

  it('is followed where the one that it lies in is made first', async () => {
    await using at = await project('dist/server/api')
    await using run = await serveReloading(at, [], { identifier: './dist/server/api/service.js:Greeter' })
    await greets(run, 'first')
    rmSync(join(at.path, 'dist'), { recursive: true })
    await run.broken()
    for (const folder of ['dist', 'dist/server', 'dist/server/api']) {
      mkdirSync(join(at.path, folder))
      // Once it is shown that nothing runs still, it has looked at the folder.
      await save(at, 'other.txt', folder)
      await run.broken()
    }
    await save(at, 'dist/server/api/service.js', SERVICE)
    await save(at, 'dist/server/api/words.js', wordsJs('second'))
    await greets(run, 'second')
    await stops(run)
  })
})

describe('a folder in the place of tsconfig.json', () => {
  it('keeps nobody from following changes in development', async () => {
    await using at = await project('src')
    mkdirSync(join(at.path, 'tsconfig.json'))
    await using run = await serveReloading(at, [], { identifier: './src/service.js:Greeter' })
    await greets(run, 'first')
    await save(at, 'src/words.js', wordsJs('second'))
    await greets(run, 'second')
    await stops(run)
  })

  it('keeps nobody from a start in production, nor from the next one on the same port', async () => {
    await using at = await project('src')
    mkdirSync(join(at.path, 'tsconfig.json'))
    writeFileSync(join(at.path, 'twice.js'), TWICE)
    const { code, stdout, stderr } = await runNodeToEnd(['twice.js'], { cwd: at.path })
    assert.equal(code, 0, stderr)
    assert.ok(
      logLines(stdout).some(({ again }) => again === true),
      stdout,
    )
  })
})
