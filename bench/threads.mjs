/**
 * Workers as threads against workers as processes: calls between two services, small ones and of a pipeline that
 * passes large buffers on, with how long that graph took to start and what it weighs after its calls; start and weight of one
 * that has nothing to do; and of the example, with the requests that it answers. They take turns; the ratio of each round
 * counts. About ten minutes.
 *
 *     node bench/threads.mjs [--smoke] [--rounds N]
 *
 * Target: at least as fast with small calls within a tenth, faster with large ones, less memory.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { lastingLoad } from './http/load.mjs'
import { middle, middleAndRange, printTable } from './report/table.mjs'
import { median } from './supervisor/spread.mjs'
import { startEkiben } from './supervisor/start-ekiben.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const PIPELINE = `${here('threads/pipeline.mjs')}:Driver`
const CLIENTS = 8

const { values } = parseArgs({
  options: { smoke: { type: 'boolean', default: false }, rounds: { type: 'string', default: '5' } },
})
const rounds = values.smoke ? 1 : Number(values.rounds)

/** What is started and weighed: four entry workers that have nothing to do, and the example with its model. */
const GRAPHS = [
  {
    name: 'four workers with nothing to do',
    identifier: `${here('supervisor/graph.mjs')}:Entry`,
    flags: ['--api-workers', '4'],
  },
  {
    name: 'the example, with its model',
    identifier: 'service:TextClassifier',
    flags: ['--api-workers', '2', '--working-dir', here('../examples/text-classifier')],
    isAsked: true,
  },
]

/** What is measured, with its name in the table. */
const FIGURES = {
  perSecond: ['calls/s', 0],
  rate: ['requests/s', 0],
  p99: ['p99, ms', 2],
  readyMs: ['ready after, ms', 0],
  workerMib: ['MiB a worker', 1],
}

const LOADS = [
  { name: 'small calls, one at a time', bytes: 100, width: 1, calls: 10_000, target: 0.9 },
  { name: 'small calls, 64 at once', bytes: 100, width: 64, calls: 60_000, target: 0.9 },
  { name: '1 MiB, one at a time', bytes: 2 ** 20, width: 1, calls: 400, target: 1 },
  { name: '1 MiB, 8 at once', bytes: 2 ** 20, width: 8, calls: 600, target: 1 },
  { name: '8 MiB, one at a time', bytes: 2 ** 23, width: 1, calls: 60, target: 1 },
]

const rows = []
let failed = false
for (const load of LOADS) await compareCalls(load)
for (const graph of GRAPHS) await compareGraph(graph)
console.log(`Node ${process.versions.node}, medians of ${rounds} rounds, with the range of the ratios`)
printTable(['', '', 'processes', 'threads', 'threads / processes', 'target'], rows)
if (failed && !values.smoke) process.exitCode = 1

/** What the graph took to start, how fast its calls were, and what it weighs after them. */
async function compareCalls({ name, target, ...load }) {
  const calls = values.smoke ? Math.ceil(load.calls / 100) : load.calls
  const taken = await takeRounds(name, (flags) => drive(flags, { ...load, calls }))
  if (median(ratios(taken, 'perSecond')) < target) failed = true
  note(name, taken, { perSecond: `at least ${target}` })
}

async function compareGraph({ name, isAsked, ...graph }) {
  const taken = await takeRounds(name, (flags) => weigh(graph, flags, isAsked))
  if (median(ratios(taken, 'workerMib')) > 1) failed = true
  note(name, taken, { workerMib: 'at most 1' })
}

async function takeRounds(name, measure) {
  const taken = []
  for (let round = 1; round <= rounds; round++) {
    const [processes, threads] = await inTurns(round, measure)
    taken.push({ processes, threads })
    console.log(`${name}, round ${round}: processes ${inFull(processes)}; threads ${inFull(threads)}`)
  }
  return taken
}

function inFull(measured) {
  return Object.entries(measured)
    .map(([key, figure]) => `${FIGURES[key][0]} ${figure.toFixed(FIGURES[key][1])}`)
    .join('; ')
}

/** A row for each figure. */
function note(name, taken, targets) {
  for (const [index, key] of Object.keys(taken[0].threads).entries()) {
    const [title, digits] = FIGURES[key]
    const of = (kind) =>
      middle(
        taken.map((round) => round[kind][key]),
        digits,
      )
    const cells = [of('processes'), of('threads'), middleAndRange(ratios(taken, key)), targets[key] ?? '']
    rows.push([index === 0 ? name : '', title, ...cells])
  }
}

function ratios(taken, key) {
  return taken.map(({ processes, threads }) => threads[key] / processes[key])
}

/** Who is first changes, so that neither gains by it. */
async function inTurns(round, measure) {
  if (round % 2 === 1) return [await measure([]), await measure(['--threaded'])]
  const threads = await measure(['--threaded'])
  return [await measure([]), threads]
}

async function drive(flags, load) {
  const instance = await startEkiben(PIPELINE, flags)
  try {
    await post(`${instance.url}/drive`, { ...load, calls: Math.ceil(load.calls / 4) })
    const driven = await post(`${instance.url}/drive`, load)
    return { ...driven, ...(await footprintOf(instance)) }
  } finally {
    await instance.stop()
  }
}

async function post(url, body) {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  return answer.json()
}

/** Its start and weight, and then the requests that it answers. */
async function weigh({ identifier, flags }, kind, isAsked) {
  const instance = await startEkiben(identifier, [...flags, ...kind])
  try {
    const weighed = await footprintOf(instance)
    return isAsked ? { ...weighed, ...(await ask(instance)) } : weighed
  } finally {
    await instance.stop()
  }
}

/** How long its start took, and what all processes but the supervisor hold now, shared pages shared out. */
async function footprintOf({ pid: supervisor, readyMs, workers }) {
  const { stdout } = await promisify(execFile)('pgrep', ['-P', String(supervisor)])
  let kib = 0
  for (const pid of stdout.trim().split('\n')) {
    const [, pss] = /^Pss:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
    kib += Number(pss)
  }
  return { readyMs, workerMib: kib / 1024 / workers }
}

function ask({ url }) {
  const lasting = values.smoke ? { settleSeconds: 0, seconds: 1 } : { settleSeconds: 2, seconds: 4 }
  return lastingLoad({ port: new URL(url).port, connections: CLIENTS, ...lasting })
}
