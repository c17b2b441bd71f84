import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type NodeExit, runNodeToEnd } from '../helpers/run-node.js'

const ROOT = process.cwd()
const LOCK = {
  packages: {
    '': { name: 'root' },
    'node_modules/one': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/one-for-macos': { version: '1.0.0', optional: true },
  },
}
const INSTALLED = { packages: { 'node_modules/one': LOCK.packages['node_modules/one'] } }
const OUTDATED = { packages: { 'node_modules/one': { version: '0.9.0', integrity: 'sha512-b' } } }

/** Takes npm's place: notes how it was called. */
const NPM = "require('node:fs').writeFileSync('called.json', JSON.stringify(process.argv.slice(2)))"
const NPM_THAT_FAILS = "console.error('npm error ENOTFOUND'); process.exit(7)"

test('nothing is done, and nothing said, when all is installed', async () => {
  const { exit, called } = await install({ installed: INSTALLED, npm: NPM })
  assert.deepEqual(exit, { code: 0, signal: null, stdout: '', stderr: '' })
  assert.equal(called, undefined)
})

for (const [what, installed] of [
  ['nothing is installed', undefined],
  ['something else is installed', OUTDATED],
] as const) {
  test(`npm ci is run when ${what}`, async () => {
    const { exit, called } = await install({ installed, npm: NPM })
    assert.equal(exit.code, 0)
    assert.deepEqual(called, ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'])
    assert.match(exit.stderr, /^Installing the dependencies/)
  })
}

test("npm's own words are shown when it fails", async () => {
  const { exit } = await install({ installed: undefined, npm: NPM_THAT_FAILS })
  assert.equal(exit.code, 1)
  assert.match(exit.stderr, /npm ci failed \(exit 7\):\n\nnpm error ENOTFOUND\n\nIs the package registry reachable\?/)
})

async function install({ installed, npm }: { installed: object | undefined; npm: string }): Promise<{
  exit: NodeExit
  called: unknown
}> {
  const root = await mkdtemp(join(tmpdir(), 'ekiben-setup-'))
  try {
    await cp(join(ROOT, 'scripts'), join(root, 'scripts'), { recursive: true })
    await writeFile(join(root, 'npm.js'), npm)
    await writeFile(join(root, 'package-lock.json'), JSON.stringify(LOCK))
    await mkdir(join(root, 'node_modules'))
    if (installed) await writeFile(join(root, 'node_modules', '.package-lock.json'), JSON.stringify(installed))
    const setup = pathToFileURL(join(root, 'scripts', 'setup.mjs')).href
    const code = `const { install } = await import('${setup}')
      await install().catch((error) => { console.error(error.message); process.exitCode = 1 })`
    const exit = await runNodeToEnd(['--input-type=module', '--eval', code], {
      cwd: root,
      env: { npm_execpath: join(root, 'npm.js') },
    })
    const called = await readFile(join(root, 'called.json'), 'utf8').catch(() => undefined)
    return { exit, called: called === undefined ? undefined : JSON.parse(called) }
  } finally {
    await rm(root, { recursive: true })
  }
}
