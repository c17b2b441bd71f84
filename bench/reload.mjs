/**
 * How long from saving a file until the first answer of the new code? `ekiben serve --development --reload` against
 * what restarts a plain server that answers the same: `node --watch` in JavaScript, `tsx watch` in TypeScript. All run
 * side by side and are saved in turns; the ratio of each round counts. A client asks all the time.
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
  // A folder each: what one saves must not wake the other.
  const projects = [await makeProject(extension), await makeProject(extension)]
  const [own, other] = projects
  const running = []
  try {
    const serve = ['serve', 'service:Greeter', '--development', '--reload', '--log-level', 'warn']
    running.push(await startWatched([EKIBEN, ...serve], own), await startWatched(args, other))
    const [ekiben, plain] = running
    const seen = { ratios: [], ekibenMs: [], plainMs: [], refused: { ekiben: 0, plain: 0 } }
    for (let round = 1; round <= rounds; round++) await measure(round, ekiben, plain, seen)
    const { ratios, ekibenMs, plainMs, refused } = seen
    console.log(`${extension}: ekiben ${spread(ekibenMs, 0)} ms, ${rival} ${spread(plainMs, 0)} ms`)
    console.log(`${extension}: ekiben / ${rival} ${spread(ratios)}; target ${TARGET}`)
    console.log(`${extension}: clients refused: ekiben ${refused.ekiben}, ${rival} ${refused.plain}`)
    if (median(ratios) > TARGET || median(ekibenMs) > TARGET_MS || refused.ekiben > 0) failed = true
  } finally {
    await Promise.all(running.map(({ stop }) => stop()))
    await Promise.all(projects.map(({ remove }) => remove()))
  }
}

/** Who is first changes, so that neither gains by it. */
async function measure(round, ekiben, plain, { ratios, ekibenMs, plainMs, refused }) {
  const text = `round ${round}`
  const results = {}
  for (const side of round % 2 === 1 ? ['ekiben', 'plain'] : ['plain', 'ekiben']) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    results[side] = await (side === 'ekiben' ? ekiben : plain).reload(text)
    refused[side] += results[side].refused
  }
  ekibenMs.push(results.ekiben.ms)
  plainMs.push(results.plain.ms)
  ratios.push(results.ekiben.ms / results.plain.ms)
}
