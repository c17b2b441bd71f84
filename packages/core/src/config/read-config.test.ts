import assert from 'node:assert/strict'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { findConfig, readConfig } from './read-config.js'

async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-config-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

async function readOne(t: TestContext, name: string, text: string): Promise<unknown> {
  return readConfig(join(await folderWith(t, { [name]: text }), name))
}

const fails = (message: RegExp) => (error: Error & { code: string }) => {
  assert.equal(error.code, 'EKB_ERR_CONFIG_LOAD_FAILED')
  assert.match(error.message, message)
  return true
}

describe('findConfig', () => {
  it('finds each of the names, or none', async (t) => {
    assert.equal(await findConfig(await folderWith(t, {})), undefined)
    for (const extension of ['ts', 'js', 'mjs', 'cjs', 'json']) {
      const name = `ekiben.config.${extension}`
      const folder = await folderWith(t, { [name]: '' })
      assert.equal(await findConfig(folder), join(folder, name))
    }
  })

  it('refuses two side by side', async (t) => {
    const folder = await folderWith(t, { 'ekiben.config.json': '{}', 'ekiben.config.mjs': '' })
    await assert.rejects(
      findConfig(folder),
      fails(/ekiben\.config\.mjs could not be read: ekiben\.config\.json stands beside/),
    )
  })
})

describe('readConfig', () => {
  it('reads JSON, with a byte order mark too', async (t) => {
    assert.deepEqual(await readOne(t, 'a.json', '\uFEFF{"port": 1}'), { port: 1 })
    await assert.rejects(readOne(t, 'a.json', '{port'), fails(/a\.json could not be read: .*JSON/))
    await assert.rejects(readConfig('/nowhere/a.json'), fails(/ENOENT/))
  })

  it('runs code in a process of its own, in every module flavour', async (t) => {
    assert.deepEqual(
      await readOne(t, 'a.mjs', 'export default { port: process.pid }').then((config) => typeof config),
      'object',
    )
    const { pid } = (await readOne(t, 'b.mjs', 'export default { pid: process.pid }')) as { pid: number }
    assert.notEqual(pid, process.pid)
    assert.deepEqual(await readOne(t, 'c.cjs', 'module.exports = { host: "x" }'), { host: 'x' })
  })

  it('runs a file of .js as the package.json beside it says', async (t) => {
    for (const [manifest, text] of [
      ['{ "type": "module" }', 'export default { port: 1, from: import.meta.filename }'],
      ['{ "type": "commonjs" }', 'module.exports = { port: 1, from: __filename }'],
      ['{}', 'module.exports = { port: 1, from: __filename }'],
    ] as const) {
      const folder = await folderWith(t, { 'package.json': manifest, 'ekiben.config.js': text })
      const file = (await findConfig(folder)) as string
      assert.deepEqual(await readConfig(file), { port: 1, from: await realpath(file) }, manifest)
    }
  })

  it('runs TypeScript without a build step', async (t) => {
    const text = 'const port: number = 1\nexport default { port } satisfies object'
    assert.deepEqual(await readOne(t, 'a.ts', text), { port: 1 })
    assert.deepEqual(await readOne(t, 'a.mts', text), { port: 1 })
  })

  it('ends what the file leaves running', async (t) => {
    assert.deepEqual(await readOne(t, 'a.mjs', 'setInterval(() => {}, 1000); export default { port: 1 }'), { port: 1 })
  })

  it('tells what is wrong with it', async (t) => {
    await assert.rejects(readOne(t, 'a.mjs', 'export const port = 1'), fails(/no default export/))
    await assert.rejects(
      readOne(t, 'a.mjs', 'export default { hooks: { on() {} } }'),
      fails(/'hooks\.on' is a function/),
    )
    await assert.rejects(
      readOne(t, 'a.mjs', 'export default { at: new Date(0) }'),
      fails(/'at' is an instance of Date/),
    )
    await assert.rejects(readOne(t, 'a.mjs', 'const a = {}; a.a = a; export default a'), fails(/'a' contains itself/))
    await assert.rejects(readOne(t, 'a.mjs', 'process.exit(9)'), fails(/ended with code 9/))
    await assert.rejects(readConfig('/nowhere/a.mjs'), fails(/ENOENT/))
  })

  it('gives the error of the file itself as the cause', async (t) => {
    await assert.rejects(readOne(t, 'a.mjs', 'throw new TypeError("bad luck")'), (error: Error) => {
      const cause = error.cause as Error
      assert.deepEqual([cause.name, cause.message], ['TypeError', 'bad luck'])
      assert.match(cause.stack ?? '', /a\.mjs:1/)
      return fails(/bad luck/)(error as Error & { code: string })
    })
  })
})
