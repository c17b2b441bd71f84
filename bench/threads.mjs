/**
 * Workers as threads against workers as processes: calls between two services, small ones and of a pipeline that
 * passes large buffers on; how long a graph takes to start, and what it weighs. They take turns; the ratio of each round counts.
 *
 *     node bench/threads.mjs [--smoke] [--rounds N] [--module FILE --service NAME]
 *
 * `--module` and `--service`: the graph that is started and weighed. Target: at least as fast with small calls within
 * a tenth, faster with large ones, less memory.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { median, spread } from './supervisor/spread.mjs'
import { startEkiben } from './supervisor/start-ekiben.mjs'

const PIPELINE = `${fileURLToPath(new URL('threads/pipeline.mjs', import.meta.url))}:Driver`

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    module: { type: 'string', default: fileURLToPath(new URL('supervisor/graph.mjs', import.meta.url)) },
    service: { type: 'string', default: 'Entry' },
  },
})
const rounds = values.smoke ? 1 : Number(values.rounds)
const GRAPH = `${resolve(values.module)}:${values.service}`

const LOADS = [
  { name: 'small calls, one at a time', bytes: 100, width: 1, calls: 10_000, target: 0.9 },
  { name: 'small calls, 64 at once', bytes: 100, width: 64, calls: 60_000, target: 0.9 },
  { name: '1 MiB, one at a time', bytes: 2 ** 20, width: 1, calls: 400, target: 1 },
  { name: '1 MiB, 8 at once', bytes: 2 ** 20, width: 8, calls: 600, target: 1 },
  { name: '8 MiB, one at a time', bytes: 2 ** 23, width: 1, calls: 60, target: 1 },
]

let failed = false
for (const load of LOADS) await compareCalls(load)
await compareGraphs()
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

async function compareGraphs() {
  const starts = []
  const weights = []
  for (let round = 1; round <= rounds; round++) {
    const [processes, threads] = await inTurns(round, weigh)
    starts.push(threads.readyMs / processes.readyMs)
    weights.push(threads.mib / processes.mib)
    const figures = ({ readyMs, mib, workers }) =>
      `ready in ${readyMs.toFixed(0)} ms, ${(mib / workers).toFixed(1)} MiB a worker`
    console.log(`graph, round ${round}: processes ${figures(processes)}; threads ${figures(threads)}`)
  }
  console.log(`graph: start, threads / processes ${spread(starts)}; memory of all workers ${spread(weights)}; target 1`)
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

/** Start and memory of four entry workers and their dependencies: what all processes but the supervisor hold, shared pages shared out. */
async function weigh(flags) {
  const instance = await startEkiben(GRAPH, ['--api-workers', '4', ...flags])
  try {
    const { stdout } = await promisify(execFile)('pgrep', ['-P', String(instance.pid)])
    const pids = stdout.trim().split('\n')
    let kib = 0
    for (const pid of pids) {
      const [, pss] = /^Pss:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
      kib += Number(pss)
    }
    return { readyMs: instance.readyMs, mib: kib / 1024, workers: instance.workers }
  } finally {
    await instance.stop()
  }
}
