import assert from 'node:assert/strict'
import { appendFile, cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { runNodeToEnd } from '../helpers/run-node.js'

const ROOT = process.cwd()
const CHECK = join(ROOT, 'scripts', 'check-architecture.mjs')
const CORE = 'packages/core/src'

interface Plant {
  /** The file that must be found. */
  readonly at: string
  readonly imports: string
  /** Further files, empty unless told. */
  readonly beside?: Readonly<Record<string, string>>
}

const PLANTS: Readonly<Record<string, Plant>> = {
  'adapters-use-public-entries': { at: 'packages/fastify-plugin/src/planted.ts', imports: '@ekiben/core/serving' },
  'client-runs-in-browsers': { at: `${CORE}/client/planted.ts`, imports: 'node:fs' },
  'core-knows-no-framework': { at: `${CORE}/util/planted-framework.ts`, imports: 'fastify' },
  'supervisor-not-to-worker-code': {
    at: `${CORE}/supervisor/planted.ts`,
    imports: '../worker/entry/planted-target.js',
    beside: { [`${CORE}/worker/entry/planted-target.ts`]: 'export const there = 1\n' },
  },
  'worker-code-not-to-supervisor': {
    at: `${CORE}/worker/entry/planted.ts`,
    imports: '../planted-target.js',
    beside: { [`${CORE}/worker/planted-target.ts`]: 'export const there = 1\n' },
  },
  'no-circular-imports': {
    at: `${CORE}/util/planted-circle.ts`,
    imports: './planted-other.js',
    beside: { [`${CORE}/util/planted-other.ts`]: "import './planted-circle.js'\n" },
  },
  'sources-not-to-tests': {
    at: `${CORE}/util/planted-test-user.ts`,
    imports: './planted.test.js',
    beside: { [`${CORE}/util/planted.test.ts`]: 'export const there = 1\n' },
  },
  'imports-resolve': { at: `${CORE}/util/planted-nowhere.ts`, imports: './is-not-there.js' },
  'declared-packages-only': { at: `${CORE}/util/planted-undeclared.ts`, imports: 'typescript' },
  'main-entry-is-light': { at: `${CORE}/util/planted-heavy.ts`, imports: 'pino' },
}

test('a planted violation of each rule is found, with the rule and its reason', async (t) => {
  const rules = await readRules()
  assert.deepEqual(Object.keys(PLANTS).sort(), [...rules.map(({ name }) => name), 'main-entry-is-light'].sort())
  const root = await copyOfSources()
  t.after(() => rm(root, { recursive: true }))
  for (const { at, imports, beside = {} } of Object.values(PLANTS)) {
    for (const [path, text] of Object.entries(beside)) await put(root, path, text)
    await put(root, at, `import '${imports}'\n`)
  }
  await appendFile(join(root, CORE, 'index.ts'), "import './util/planted-heavy.js'\n")
  await put(root, 'packages/fastify-plugin/src/allowed.ts', "import '@ekiben/core'\n")

  const { code, stdout } = await runNodeToEnd([CHECK, root])

  assert.equal(code, 1)
  const violations = stdout.split(/\n(?! )/)
  for (const [name, { at }] of Object.entries(PLANTS)) {
    const found = violations.find((each) => each.startsWith(`${name}: `) && each.includes(at))
    assert.ok(found, `${name} did not see ${at}:\n${stdout}`)
    assert.match(found, /\n {4}\S.+[.?]$/, `${name} gives no reason`)
  }
  assert.doesNotMatch(stdout, /allowed\.ts/)
})

test('a check that saw no module fails', async (t) => {
  const root = await copyOfSources()
  t.after(() => rm(root, { recursive: true }))
  for (const name of await readdir(join(root, 'packages')))
    await rm(join(root, 'packages', name, 'src'), { recursive: true, force: true })
  const { code, stdout } = await runNodeToEnd([CHECK, root])
  assert.equal(code, 1)
  assert.match(stdout, /the check saw nothing/)
})

test('a rule whose folder has moved fails', async (t) => {
  const root = await copyOfSources()
  t.after(() => rm(root, { recursive: true }))
  await rm(join(root, CORE, 'worker', 'entry'), { recursive: true, force: true })
  const { code, stdout } = await runNodeToEnd([CHECK, root])
  assert.equal(code, 1)
  assert.match(stdout, /worker-code-not-to-supervisor: guards no module/)
})

async function readRules(): Promise<{ name: string }[]> {
  const config = createRequire(join(ROOT, 'package.json'))('./.dependency-cruiser.cjs') as {
    forbidden: { name: string }[]
  }
  return config.forbidden
}

/** The packages as they stand, in a folder where a test may spoil them. */
async function copyOfSources(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'ekiben-architecture-'))
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.base.json']) await cp(join(ROOT, file), join(root, file))
  const packages = join(ROOT, 'packages')
  await cp(packages, join(root, 'packages'), {
    recursive: true,
    filter: (path) => !/[\\/](node_modules|build|dist)([\\/]|$)/.test(path.slice(packages.length)),
  })
  await mkdir(join(root, 'node_modules', '@ekiben'), { recursive: true })
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name !== '@ekiben') await symlink(join(ROOT, 'node_modules', name), join(root, 'node_modules', name))
  }
  await symlink(join(root, 'packages', 'core'), join(root, 'node_modules', '@ekiben', 'core'))
  for (const entry of ['index', 'serving']) await put(root, `packages/core/dist/${entry}.js`, '')
  return root
}

async function put(root: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
}
