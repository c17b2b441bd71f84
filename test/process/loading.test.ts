import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { runNodeToEnd } from '../helpers/run-node.js'

const CONSUMERS = resolve('test/fixtures/consumers')

const NAMES = [
  'ServiceCallError',
  'ServiceError',
  'api',
  'bootstrapProduction',
  'defineService',
  'depends',
  'isServiceError',
  'resolveService',
  'service',
]

async function facts(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runNodeToEnd(args, { cwd: CONSUMERS })
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Record<string, unknown>
}

describe('the package loads', () => {
  const expected = { names: NAMES, mount: true, error: true, serving: 'function', client: 'function' }

  test('from an ES module', async () => {
    assert.deepEqual(await facts('esm/main.mjs'), expected)
  })

  test('from CommonJS', async () => {
    const { names, ...rest } = await facts('cjs/main.cjs')
    assert.deepEqual({ names: (names as string[]).filter((name) => name !== '__esModule'), ...rest }, expected)
  })
})

test('loaded both ways, it is one', async () => {
  assert.deepEqual(await facts('esm/both.mjs'), { core: true, serving: true, services: ['One', 'Two'] })
})

test('its import is light', async () => {
  const { files, builtIns } = (await facts('esm/light.mjs')) as { files: string[]; builtIns: string[] }
  assert.ok(files.some((file) => file.endsWith('dist/index.js')))
  assert.deepEqual(
    files.filter((file) => !file.startsWith(resolve('packages/core/dist'))),
    [],
    'no other package',
  )
  assert.deepEqual(
    builtIns.filter((name) => /NativeModule (http|https|http2|tls|cluster|inspector)$/.test(name)),
    [],
  )
})

test('its import runs nothing of what serves', async () => {
  // In the bundle nobody sees which modules ran: it runs those that their own files would.
  const build = resolve('packages/core/build')
  const { files } = (await facts('esm/light.mjs', join(build, 'index.js'))) as { files: string[] }
  const folders = new Set(files.map((file) => file.slice(build.length + 1).split('/')[0]))
  assert.ok(folders.has('service'), files.join(' '))
  for (const heavy of ['supervisor', 'worker', 'http', 'cli', 'runner', 'config', 'net']) {
    assert.ok(!folders.has(heavy), `nothing of ${heavy}/: ${files.join(' ')}`)
  }
})

describe('two copies in one process', () => {
  const MAIN = `
    const first = require(${JSON.stringify(resolve('packages/core'))})
    const second = require('@ekiben/core')
    const service = first.defineService(class Shared { run() {} }, { apis: { run: {} } })
    try {
      second.defineService(class Other {}, { dependencies: { shared: service } })
      second.defineService(service)
    } catch (error) {
      console.log(JSON.stringify({ copies: first !== second, code: error.code, message: error.message }))
    }`

  /** An app with a copy of its own, which says it is of `version`. */
  async function runWithCopy(version: string): Promise<Record<string, unknown>> {
    const app = await mkdtemp(join(tmpdir(), 'ekiben-copies-'))
    try {
      const copy = join(app, 'node_modules', '@ekiben', 'core')
      await mkdir(copy, { recursive: true })
      await cp('packages/core/dist', join(copy, 'dist'), { recursive: true })
      await cp('packages/core/package.json', join(copy, 'package.json'))
      const file = join(copy, 'dist/ekiben.js')
      const text = await readFile(file, 'utf8')
      await writeFile(file, text.replace(/VERSION = "[^"]*"/, `VERSION = "${version}"`))
      await writeFile(join(app, 'main.cjs'), MAIN)
      return await facts(join(app, 'main.cjs'))
    } finally {
      await rm(app, { recursive: true, force: true })
    }
  }

  test('of one version work together', async () => {
    const { version } = JSON.parse(await readFile('packages/core/package.json', 'utf8')) as { version: string }
    const seen = await runWithCopy(version)
    // The second copy sees that the class of the first is a service already.
    assert.deepEqual([seen.copies, seen.code], [true, 'EKB_ERR_SERVICE_DECLARED_TWICE'])
  })

  test('of two versions say so', async () => {
    const seen = await runWithCopy('9.9.9')
    assert.equal(seen.code, 'EKB_ERR_VERSION_SKEW')
    assert.match(String(seen.message), /Two versions of @ekiben\/core .* and 9\.9\.9/)
  })
})
