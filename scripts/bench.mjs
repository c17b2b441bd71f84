/**
 * Runs the benchmarks: the files of bench/ itself (what they share is in its folders).
 *
 *   npm run bench                       all of them
 *   npm run bench calls                 those whose name contains a word
 *   npm run bench -- --smoke            each as short as it goes, no figure judged: does it still run?
 *   npm run bench -- --node PATH        with another Node
 *
 * Other flags go to the benchmark itself. Trust ratios: absolute figures are one machine's at one hour.
 */
import { readdir } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { ROOT, runCommand } from './run-command.mjs'
import { setup } from './setup.mjs'

const words = process.argv.slice(2)
const at = words.indexOf('--node')
const node = at === -1 ? process.execPath : resolve(words.splice(at, 2)[1] ?? '')
const wanted = words.filter((word) => !word.startsWith('-'))
const flags = words.filter((word) => word.startsWith('-'))

await setup()
const all = (await readdir(join(ROOT, 'bench'))).filter((name) => /\.(ts|mjs)$/.test(name)).sort()
const chosen = all.filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
if (chosen.length === 0) {
  const known = all.map((name) => name.replace(/\.\w+$/, '')).join(', ') || 'none'
  process.stderr.write(`No benchmark ${wanted.join(' ')}. There are: ${known}\n`)
  process.exit(2)
}

const { output } = await runCommand(node, ['--version'], { capture: true })
const memory = `${Math.round(totalmem() / 2 ** 30)} GB`
const load = loadavg()[0].toFixed(1)
process.stdout.write(
  `Node ${output.trim()}, ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${memory}, load ${load}\n`,
)
let failed = 0
for (const name of chosen) {
  process.stdout.write(`\n── ${name.replace(/\.\w+$/, '')}\n`)
  const { code, seconds } = await runCommand(node, [...loader(name), join('bench', name), ...flags])
  if (code !== 0) failed += 1
  process.stdout.write(`${code === 0 ? 'done' : `FAILED with code ${code}`} after ${seconds.toFixed(1)} s\n`)
}
process.stdout.write(`${chosen.length - failed} passed, ${failed} failed, 0 skipped\n`)
process.exitCode = failed === 0 ? 0 : 1

/** A loader would be part of what is measured: only what needs it gets it. */
function loader(name) {
  return name.endsWith('.ts') ? ['--import=tsx'] : []
}
