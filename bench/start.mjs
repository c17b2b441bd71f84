/**
 * How long until a graph is ready? From the command's start to its ready line, against one bare start of the entry
 * (load the module, listen) followed by as many bare starts at once as there are other workers. They take turns,
 * and the ratio of each round is what counts.
 *
 *     node bench/start.mjs [--smoke] [--rounds N] [--api-workers N] [--module FILE --service NAME]
 *
 * Target: at most 1.3.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median, spread } from './supervisor/spread.mjs'
import { startEkiben } from './supervisor/start-ekiben.mjs'

const TARGET = 1.3
const BARE = fileURLToPath(new URL('supervisor/bare-worker.mjs', import.meta.url))

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '9' },
    'api-workers': { type: 'string', default: '2' },
    module: { type: 'string', default: fileURLToPath(new URL('supervisor/graph.mjs', import.meta.url)) },
    service: { type: 'string', default: 'Entry' },
    others: { type: 'string', default: '2' },
  },
})
const rounds = values.smoke ? 1 : Number(values.rounds)
const module = resolve(values.module)
const apiWorkers = Number(values['api-workers'])
const others = Number(values.others) + apiWorkers - 1

const ratios = []
for (let round = 1; round <= rounds; round++) {
  const bareFirst = round % 2 === 0
  const before = bareFirst ? await bareStart() : undefined
  const ekibenMs = await ekibenStart()
  const bare = before ?? (await bareStart())
  const ratio = ekibenMs / (bare.firstMs + bare.othersMs)
  ratios.push(ratio)
  const parts = `${bare.firstMs.toFixed(0)} + ${bare.othersMs.toFixed(0)}`
  console.log(`round ${round}: bare ${parts} ms, ekiben ${ekibenMs.toFixed(0)} ms; ratio ${ratio.toFixed(2)}`)
}
console.log(`Node ${process.versions.node}, 1 + ${others} workers, ready / bare: ${spread(ratios)}; target ${TARGET}`)
if (!values.smoke && median(ratios) > TARGET) process.exitCode = 1

async function ekibenStart() {
  const instance = await startEkiben(`${module}:${values.service}`, ['--api-workers', String(apiWorkers)])
  await instance.stop()
  return instance.readyMs
}

async function bareStart() {
  const firstMs = await bareAtOnce(1)
  return { firstMs, othersMs: await bareAtOnce(others) }
}

/** Milliseconds until all of so many bare workers, started at once, are ready. */
async function bareAtOnce(count) {
  const startedAt = performance.now()
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, [BARE, module], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  )
  const exits = children.map((child) => once(child, 'exit'))
  await Promise.all(children.map((child, at) => Promise.race([once(child, 'message'), exits[at].then(failed)])))
  const ms = performance.now() - startedAt
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(exits)
  return ms
}

function failed([code]) {
  throw new Error(`a bare worker ended with ${code}`)
}
