/**
 * Workers as threads against workers as processes: calls between two services, small ones and of a pipeline that
 * passes large buffers on; how long a graph takes to start, and what it weighs; and the same of the example, with the requests
 * that it answers. They take turns; the ratio of each round counts.
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
import { median, spread } from './supervisor/spread.mjs'
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
  { name: 'graph', identifier: `${here('supervisor/graph.mjs')}:Entry`, flags: ['--api-workers', '4'] },
  {
    name: 'example',
    identifier: 'service:TextClassifier',
    flags: ['--api-workers', '2', '--working-dir', here('../examples/text-classifier')],
    isAsked: true,
  },
]

const LOADS = [
  { name: 'small calls, one at a time', bytes: 100, width: 1, calls: 10_000, target: 0.9 },
  { name: 'small calls, 64 at once', bytes: 100, width: 64, calls: 60_000, target: 0.9 },
  { name: '1 MiB, one at a time', bytes: 2 ** 20, width: 1, calls: 400, target: 1 },
  { name: '1 MiB, 8 at once', bytes: 2 ** 20, width: 8, calls: 600, target: 1 },
  { name: '8 MiB, one at a time', bytes: 2 ** 23, width: 1, calls: 60, target: 1 },
]

let failed = false
for (const load of LOADS) await compareCalls(load)
for (const graph of GRAPHS) await compareGraph(graph)
if (failed && !values.smoke) process.exitCode = 1

async function compareCalls({ name, bytes, width, calls, target }) {
  const load = { bytes, width, calls: values.smoke ? Math.ceil(calls / 100) : calls }
  const faster = []
  const tails = []
  for (let round = 1; round <= rounds; round++) {
    const [processes, threads] = await inTurns(round, (flags) => drive(flags, load))
    faster.push(threads.perSecond / processes.perSecond)
    tails.push(threads.p99 / processes.p99)
    const figures = ({ perSecond, p99 }) => `${perSecond.toFixed(0)}/s (p99 ${p99.toFixed(2)} ms)`
    console.log(`${name}, round ${round}: processes ${figures(processes)}, threads ${figures(threads)}`)
  }
  console.log(`${name}: calls/s, threads / processes ${spread(faster)}; target ${target}; p99 ${spread(tails)}`)
  if (median(faster) < target) failed = true
}

async function compareGraph({ name, isAsked, ...graph }) {
  const taken = []
  for (let round = 1; round <= rounds; round++) {
    const [processes, threads] = await inTurns(round, (flags) => weigh(graph, flags, isAsked))
    taken.push({ processes, threads })
    const figures = ({ readyMs, workerMib, rate, p99 }) => {
      const weighed = `ready in ${readyMs.toFixed(0)} ms, ${workerMib.toFixed(1)} MiB a worker`
      return isAsked ? `${weighed}, ${rate.toFixed(0)} requests/s (p99 ${p99.toFixed(1)} ms)` : weighed
    }
    console.log(`${name}, round ${round}: processes ${figures(processes)}; threads ${figures(threads)}`)
  }
  const ratios = (key) => taken.map(({ processes, threads }) => threads[key] / processes[key])
  const weights = ratios('workerMib')
  console.log(`${name}, threads / processes: start ${spread(ratios('readyMs'))}; memory ${spread(weights)}; target 1`)
  if (isAsked)
    console.log(`${name}: requests/s, threads / processes ${spread(ratios('rate'))}; p99 ${spread(ratios('p99'))}`)
  if (median(weights) > 1) failed = true
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
    return await post(`${instance.url}/drive`, load)
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

/** Its start, and what all processes but the supervisor hold, shared pages shared out; and then the requests it answers. */
async function weigh({ identifier, flags }, kind, isAsked) {
  const instance = await startEkiben(identifier, [...flags, ...kind])
  try {
    const { stdout } = await promisify(execFile)('pgrep', ['-P', String(instance.pid)])
    const pids = stdout.trim().split('\n')
    let kib = 0
    for (const pid of pids) {
      const [, pss] = /^Pss:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
      kib += Number(pss)
    }
    const weighed = { readyMs: instance.readyMs, workerMib: kib / 1024 / instance.workers }
    return isAsked ? { ...weighed, ...(await ask(instance)) } : weighed
  } finally {
    await instance.stop()
  }
}

function ask({ url }) {
  const lasting = values.smoke ? { settleSeconds: 0, seconds: 1 } : { settleSeconds: 2, seconds: 4 }
  return lastingLoad({ port: new URL(url).port, connections: CLIENTS, ...lasting })
}
