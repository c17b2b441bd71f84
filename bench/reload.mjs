/**
 * How long from saving a file until the first answer of the new code? `--development --reload` of `ekiben serve` for a
 * service, and of `ekiben run` for a plain server that answers the same, against what else restarts that: `node --watch` in
 * JavaScript, `tsx watch` in TypeScript. All run side by side and are saved in turns; the ratio of each round counts. A
 * client asks all the time.
 *
 *     node bench/reload.mjs [--smoke] [--rounds N]
 *
 * Target: no slower than either, no client refused, and under a second.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeProject } from './reload/project.mjs'
import { startWatched } from './reload/watched-app.mjs'
import { median, spread } from './supervisor/spread.mjs'

const EKIBEN = fileURLToPath(new URL('../packages/core/bin/ekiben.js', import.meta.url))
const TSX = fileURLToPath(new URL('../node_modules/tsx/dist/cli.mjs', import.meta.url))
const TARGET = 1
const TARGET_MS = 1_000
/** A watcher that has just restarted may still be settling. */
const PAUSE_MS = 1_500

const { values } = parseArgs({
  options: { smoke: { type: 'boolean', default: false }, rounds: { type: 'string', default: '15' } },
})
const rounds = values.smoke ? 1 : Number(values.rounds)

const LANGUAGES = [
  { extension: 'js', rival: 'node --watch', args: ['--watch', 'server.js'] },
  { extension: 'ts', rival: 'tsx watch', args: [TSX, 'watch', 'server.ts'] },
]

let failed = false
for (const language of LANGUAGES) await compare(language)
if (failed && !values.smoke) process.exitCode = 1

async function compare({ extension, rival, args }) {
  const developed = ['--development', '--reload', '--log-level', 'warn']
  const commands = {
    'ekiben serve': [EKIBEN, 'serve', 'service:Greeter', ...developed],
    'ekiben run': [EKIBEN, 'run', `server.${extension}`, ...developed],
    [rival]: args,
  }
  const sides = []
  try {
    // A folder each: what one saves must not wake the other.
    for (const [name, command] of Object.entries(commands)) sides.push(await startSide(name, command, extension))
    const taken = []
    for (let round = 1; round <= rounds; round++) taken.push(await measure(round, sides))
    report(extension, rival, taken)
  } finally {
    await Promise.all(sides.map(({ end }) => end()))
  }
}

async function startSide(name, command, extension) {
  const project = await makeProject(extension)
  try {
    const { reload, stop } = await startWatched(command, project)
    return { name, reload, end: () => stop().then(project.remove) }
  } catch (error) {
    await project.remove()
    throw error
  }
}

/** Who is first changes, so that none gains by it. */
async function measure(round, sides) {
  const taken = {}
  for (const { name, reload } of round % 2 === 1 ? sides : sides.toReversed()) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    taken[name] = await reload(`round ${round}`)
  }
  return taken
}

function report(extension, rival, taken) {
  for (const name of Object.keys(taken[0])) {
    const each = (read) => taken.map((round) => read(round[name], round[rival]))
    const ms = each((own) => own.ms)
    const refused = each((own) => own.refused).reduce((sum, count) => sum + count)
    console.log(`${extension}: ${name} ${spread(ms, 0)} ms; clients refused: ${refused}`)
    if (name === rival) continue
    const ratios = each((own, other) => own.ms / other.ms)
    console.log(`${extension}: ${name} / ${rival} ${spread(ratios)}; target ${TARGET}`)
    if (median(ratios) > TARGET || median(ms) > TARGET_MS || refused > 0) failed = true
  }
}
