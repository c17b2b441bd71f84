/**
 * `npm run check`: exactly what CI runs, in CI's order. Says what runs and how long it took; the last line counts
 * over all: `N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nodeBinary } from './node-versions.mjs'
import { ROOT, runCommand } from './run-command.mjs'

/** What `npm test` leaves out. */
const REST = ['apps', 'edge', 'frameworks', 'supervision', 'development']
/** What differs between versions of Node: loading modules, threads, processes and their sockets. */
const CORE_RINGS = [
  'unit:/identifier/',
  'unit:/config/',
  'unit:/thread/',
  'process',
  'supervision:thread',
  'e2e:built-in',
]
/** Of the rest, one file of each kind: how apps are run, how sockets are opened and encrypted, how saved files are seen. */
const SAMPLES = ['apps:run.test', 'apps:bootstrap.test', 'edge:sockets', 'edge:tls.test', 'development:reload']
/** What is promised on 20 and on 24; the parts before these have run it on the one that runs this. */
const WHOLE = ['unit:/identifier/', 'unit:/config/', 'unit:/thread/', 'process', ...REST, 'proxy', 'e2e']
/** By version. */
const OTHER_NODES = {
  ...(process.versions.node.startsWith('20.') ? {} : { 20: WHOLE }),
  22: [...CORE_RINGS, ...SAMPLES],
  24: WHOLE,
  26: [...CORE_RINGS, ...SAMPLES],
}

const total = { passed: 0, failed: 0, skipped: 0 }
const lines = []

const before = await treeState()
await part('tests on this Node', 'npm', ['test'])
for (const ring of ['examples', ...REST]) {
  await part(`${ring} on this Node`, process.execPath, ['scripts/run-tests.mjs', ring])
}
await part('our own checks', process.execPath, ['scripts/run-tests.mjs', 'repository'])
await part('every framework, from packed archives', process.execPath, ['scripts/run-tests.mjs', 'matrix'])
if (process.env.EKIBEN_TEST_PYTHON) {
  await part('BentoML and we', process.execPath, ['scripts/run-tests.mjs', 'interop'])
} else {
  skip('BentoML and we', 'did not run, as EKIBEN_TEST_PYTHON names no Python that has BentoML (.ci/run installs one)')
}
await part('a proxy in front', process.execPath, ['scripts/run-tests.mjs', 'proxy'])
await part('the page in a browser', process.execPath, ['scripts/run-tests.mjs', 'browser'])
if (existsSync(join(ROOT, 'artefacts', 'browser'))) report('       pictures of it: artefacts/browser')
for (const [version, rings] of Object.entries(OTHER_NODES)) {
  const binary = await nodeBinary(version).catch((error) => fail(`Node ${version}`, error.message))
  if (binary === undefined) continue
  await part(`core rings on Node ${version}`, process.execPath, ['scripts/run-tests.mjs', ...rings, '--node', binary])
}
await part('benchmarks run', 'npm', ['run', 'bench', '--', '--smoke'])
await part('fuzz', 'npm', ['run', 'fuzz', '--', '--quick'])
await part('nothing gets lost', 'npm', ['run', 'chaos', '--', '--quick'])
await part('nothing gets lost of threads', 'npm', ['run', 'chaos', '--', '--quick', '--threaded'])
const after = await treeState()
if (after === before) pass('checkout as it was')
else fail('checkout as it was', `the run left behind:\n${after}`)

process.stdout.write(`\n${lines.join('\n')}\n`)
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`)
process.exitCode = total.failed === 0 ? 0 : 1

/** Runs one part, shows what it writes, and adds up the counts of its last line. */
async function part(name, command, args) {
  process.stdout.write(`\n━━ ${name}: ${[command === process.execPath ? 'node' : command, ...args].join(' ')}\n`)
  const startedAt = Date.now()
  const { code, tail } = await show(command, args)
  const counts = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(tail.trim().split('\n').at(-1) ?? '')
  const [passed, failed, skipped] = counts?.slice(1).map(Number) ?? [0, 0, 0]
  total.passed += passed
  total.skipped += skipped
  // A part that ends badly without having counted a failure is one.
  total.failed += code !== 0 || counts === null ? Math.max(1, failed) : failed
  const verdict = counts === null ? 'ended without a count' : `${passed} passed, ${failed} failed, ${skipped} skipped`
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(0)
  report(`${code === 0 && counts !== null ? 'ok    ' : 'FAILED'} ${name}: ${verdict} (${seconds} s)`)
  // What failed and what did not run is said once more where it is found.
  for (const what of new Set(tail.match(/^ *(failed: |skipped: |.+: FAILED).*$/gm))) report(`       ${what.trim()}`)
}

function show(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
    let tail = ''
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      process.stdout.write(chunk)
      tail = (tail + chunk).slice(-20_000)
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, tail }))
  })
}

/** What git sees as changed; undefined where there is no git, as in an unpacked archive. */
async function treeState() {
  if (!existsSync(join(ROOT, '.git'))) return undefined
  const { code, output } = await runCommand('git', ['status', '--porcelain'], { capture: true })
  return code === 0 ? output.trim() : undefined
}

function pass(name) {
  total.passed += 1
  report(`ok     ${name}`)
}

function skip(name, why) {
  total.skipped += 1
  report(`SKIPPED ${name}: ${why}`)
}

function fail(name, why) {
  total.failed += 1
  report(`FAILED ${name}: ${why}`)
}

function report(line) {
  process.stdout.write(`${line}\n`)
  lines.push(line)
}
