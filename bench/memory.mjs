/**
 * What does the supervisor weigh? Its resident memory above that of a Node that has loaded `http` and
 * `child_process`, and whether it stays flat while requests pass by it.
 *
 *     node bench/memory.mjs [--smoke] [--rounds N] [--requests N]
 *
 * Targets: at most 15 MB above; flat (at most 1 MB more) over 100,000 requests.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { load } from './http/load.mjs'
import { median, spread } from './supervisor/spread.mjs'
import { startEkiben } from './supervisor/start-ekiben.mjs'

const ABOVE_TARGET_MB = 15
const GROWTH_TARGET_MB = 1
const ENTRY = `${fileURLToPath(new URL('supervisor/graph.mjs', import.meta.url))}:Entry`
const BARE = `
  require('node:http')
  require('node:child_process')
  process.on('message', () => {})
  process.send('ready')`

/** A process has settled when so many readings, one each interval, agree. */
const READINGS = 5
const INTERVAL_MS = 100
const TOLERANCE_MB = 0.1

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
    requests: { type: 'string', default: '100000' },
  },
})
const rounds = values.smoke ? 1 : Number(values.rounds)
const requests = values.smoke ? 1_000 : Number(values.requests)

const above = []
for (let round = 1; round <= rounds; round++) {
  const bareMb = await bareMemory()
  const supervisorMb = await supervisorMemory()
  above.push(supervisorMb - bareMb)
  console.log(`round ${round}: bare ${bareMb.toFixed(1)} MB, supervisor ${supervisorMb.toFixed(1)} MB`)
}
const growth = await memoryUnderLoad()
console.log(`Node ${process.versions.node}, supervisor - bare, MB: ${spread(above, 1)}; target ${ABOVE_TARGET_MB}`)
console.log(`growth over ${requests} requests: ${growth.toFixed(1)} MB; target ${GROWTH_TARGET_MB}`)
if (!values.smoke && (median(above) > ABOVE_TARGET_MB || growth > GROWTH_TARGET_MB)) process.exitCode = 1

async function bareMemory() {
  const child = spawn(process.execPath, ['-e', BARE], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  await once(child, 'message')
  const mb = await settledMb(child.pid)
  child.kill('SIGKILL')
  await exited
  return mb
}

async function supervisorMemory() {
  const instance = await startEkiben(ENTRY)
  const mb = await settledMb(instance.pid)
  await instance.stop()
  return mb
}

/** The most that the supervisor grew above what it was when it had become ready and warm, MB. */
async function memoryUnderLoad() {
  const instance = await startEkiben(ENTRY, ['--no-access-log'])
  try {
    const port = Number(new URL(instance.url).port)
    const startMb = await settledMb(instance.pid)
    let most = startMb
    for (let done = 0; done < requests; ) {
      const { count } = await load({ port, seconds: values.smoke ? 1 : 5, connections: 32 })
      done += count
      const mb = await residentMb(instance.pid)
      most = Math.max(most, mb)
      console.log(`after ${done} requests: supervisor ${mb.toFixed(1)} MB`)
    }
    return most - startMb
  } finally {
    await instance.stop()
  }
}

/** What a process has right after its start still moves. */
async function settledMb(pid) {
  const readings = [await residentMb(pid)]
  while (readings.length < READINGS || Math.max(...readings) - Math.min(...readings) > TOLERANCE_MB) {
    await sleep(INTERVAL_MS)
    readings.push(await residentMb(pid))
    if (readings.length > READINGS) readings.shift()
  }
  return readings.at(-1)
}

async function residentMb(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) / 1024
}
