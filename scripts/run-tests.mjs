/**
 * Runs rings of tests.
 *
 *   node scripts/run-tests.mjs all                    the static checks and every quick ring: `npm test`
 *   node scripts/run-tests.mjs unit process           some rings
 *   node scripts/run-tests.mjs process --node PATH    with another Node
 *   node scripts/run-tests.mjs unit:identifier        only the files of a ring whose path contains a word
 *
 * A ring with a file without tests, with no test at all, or with a skip that gives no reason, fails. The last
 * line is `N passed, N failed, N skipped`.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { RINGS, ringFiles } from './rings.mjs'
import { ROOT, runCommand } from './run-command.mjs'
import { install, setup } from './setup.mjs'
import { CHECKS } from './static-checks.mjs'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { node: { type: 'string' } } })
const all = positionals.length === 0 || positionals.includes('all')
const rings = Object.keys(RINGS).filter((ring) => RINGS[ring].inNpmTest !== false)
const wanted = (all ? rings : positionals).map((word) => word.split(':'))
const total = { passed: 0, failed: 0, skipped: 0 }
const lines = []

try {
  const unknown = wanted.find(([ring]) => !(ring in RINGS))
  if (unknown) throw new Error(`there is no ring '${unknown[0]}'; there are ${Object.keys(RINGS).join(', ')} and all`)
  // Unit tests import the sources: they need no build, and run while it is broken.
  await (wanted.every(([ring]) => ring === 'unit') ? install() : setup())
  if (all) await runChecks()
  for (const [ring, filter] of wanted) await runRing(ring, filter)
} catch (error) {
  total.failed += 1
  lines.push(`set-up: ${error.message}`)
}
process.stdout.write(`\n${lines.join('\n')}\n`)
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`)
process.exitCode = total.failed === 0 ? 0 : 1

/** Each check keeps one core busy: as many run at once as there are cores. They are reported in their order. */
async function runChecks() {
  const outcomes = []
  const waiting = [...CHECKS.entries()]
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, { run }] = next
      outcomes[index] = await run()
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  for (const [index, { name }] of CHECKS.entries()) reportCheck(name, outcomes[index])
}

/** A static check counts as one test; it is heard only when it fails, but for the line that says what it saw. */
function reportCheck(name, { code, output, seconds }) {
  total[code === 0 ? 'passed' : 'failed'] += 1
  const said = output.trim().split('\n').at(-1) ?? ''
  report(`${name}: ${code === 0 ? `ok (${seconds.toFixed(1)} s) ${said}` : 'FAILED'}`)
  if (code !== 0) process.stdout.write(`${output.trim()}\n`)
}

async function runRing(ring, filter = '') {
  const files = (await ringFiles(ring)).filter((file) => file.includes(filter))
  if (files.length === 0) {
    total.failed += 1
    report(`${ring}: FAILED, no test file ${filter && `with '${filter}' `}in ${RINGS[ring].folders.join(', ')}`)
    return
  }
  process.stdout.write(`\n── ${ring}: ${files.length} files\n`)
  const { code, seconds, results } = await runFiles(ring, files)
  const count = (outcome) => results.filter((result) => result.outcome === outcome).length
  const problems = problemsOf(results)
  // The runner can fail without a failed test, as when it crashes itself.
  if (code !== 0 && count('failed') === 0) problems.push(`the test runner ended with code ${code}`)
  total.passed += count('passed')
  total.skipped += count('skipped')
  total.failed += count('failed') + problems.length
  const failed = count('failed') + problems.length
  const counts = `${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`
  report(`${ring}: ${counts} in ${files.length} files (${seconds.toFixed(1)} s)`)
  for (const problem of problems) report(`  ${problem}`)
  for (const { reason, name, file } of results.filter(({ outcome }) => outcome === 'failed')) {
    report(`  failed: ${name} (${relative(ROOT, file)}): ${reason}`)
  }
  for (const { reason, name } of results.filter(({ outcome }) => outcome === 'skipped')) {
    report(`  skipped: ${name}: ${reason || '(no reason given)'}`)
  }
}

async function runFiles(ring, files) {
  const folder = await mkdtemp(join(tmpdir(), 'ekiben-tests-'))
  const report = join(folder, 'results.jsonl')
  const { concurrency, timeoutMs, loadedBy, waits } = RINGS[ring]
  const most = waits ? concurrency : Math.max(2, availableParallelism())
  const args = [
    loadedBy === 'tsx' ? '--import=tsx' : `--require=${await compile(join(folder, 'compiled'))}`,
    '--test',
    `--test-concurrency=${Math.min(concurrency, most)}`,
    `--test-timeout=${timeoutMs}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${join(ROOT, 'scripts', 'ring-reporter.mjs')}`,
    `--test-reporter-destination=${report}`,
    ...files,
  ]
  try {
    const { code, seconds } = await runCommand(values.node ? resolve(values.node) : process.execPath, args)
    const written = (await readFile(report, 'utf8').catch(() => '')).trim()
    return { code, seconds, results: written === '' ? [] : written.split('\n').map((line) => JSON.parse(line)) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function compile(folder) {
  // Needs esbuild, which was not there before the set-up.
  const { compileTests } = await import('./compile-tests.mjs')
  return compileTests(folder)
}

/** What node's runner lets pass. */
function problemsOf(results) {
  const problems = []
  // The runner names a file itself only when nothing in it was a test; where a test was written tells nothing, as
  // a suite may be shared.
  for (const { outcome, file } of results) {
    if (outcome === 'ran') problems.push(`${relative(ROOT, file)} has no tests`)
  }
  if (!results.some(({ outcome }) => outcome !== 'ran')) problems.push('no test was run')
  for (const { outcome, reason, name } of results) {
    if (outcome === 'skipped' && reason === '') problems.push(`'${name}' is skipped without a reason`)
  }
  return problems
}

/** Says it now, and once more at the end, where it is found. */
function report(line) {
  process.stdout.write(`${line}\n`)
  lines.push(line)
}
