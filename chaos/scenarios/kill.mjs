import { setTimeout as sleep } from 'node:timers/promises'
import { makeProject } from '../deploys.mjs'
import { readJournal } from '../journal.mjs'
import { startLoad } from '../load/start-load.mjs'
import { describeFailures } from '../results.mjs'
import { startCluster } from '../servers/cluster.mjs'
import { startEkiben } from '../servers/ekiben.mjs'
import { startPm2 } from '../servers/pm2.mjs'

const SCENARIO = 'kill -9 of a worker'
const CLIENTS = { busy: 6, newConnection: 4, poster: 2, waiter: 8, caller: 6, newCaller: 2 }
/** Killed more often than any policy would take for chance: the back-off must not grow, nor the service be flapping. */
const POLICY = ['--set', 'restart.resetAfterMs=200', '--set', 'restart.flappingCount=1000']
const BEYOND_BOOT_MS = 200
const BETWEEN_MS = 700
/** Two processes' clocks, and the time that a signal takes. */
const CLOCK_MS = 20

/** SIGKILL of one worker after another under load: who fails, and when is its slot ready again? */
export async function kill({ quick, nodes, current, peers, results, say }) {
  const kills = quick ? 6 : 20
  const all = { foreign: 0, worstMs: 0, kills: 0 }
  for (const node of nodes) {
    const flags = ['--api-workers', '2', '--workers', 'Back=2', ...POLICY]
    const start = (project, env) => startEkiben({ node: node.binary, project, flags, env })
    const found = await measure({ node, start, kills, strike: strikeEkiben, results, say })
    all.foreign += found.foreign.length
    all.kills += kills
    all.worstMs = Math.max(all.worstMs, ...found.strikes.map(({ beyondBootMs }) => beyondBootMs))
  }
  if (peers !== undefined) {
    const cluster = (project, env) => startCluster({ node: current.binary, project, env })
    await measure({ node: current, start: cluster, kills, strike: strikePeer, results, say })
    const pm2 = (project, env) => startPm2({ node: current.binary, project, bin: peers.pm2, env })
    await measure({ node: current, start: pm2, kills, strike: strikePeer, results, say })
  }
  results.target(
    'after SIGKILL of a worker only its own requests in flight fail',
    all.foreign === 0,
    `${all.foreign} others failed, ${all.kills} kills`,
  )
  results.target(
    `its slot is ready again within its boot time + ${BEYOND_BOOT_MS} ms`,
    all.worstMs <= BEYOND_BOOT_MS,
    `boot + ${Math.round(all.worstMs)} ms at worst`,
  )
}

async function measure({ node, start, kills, strike, results, say }) {
  const project = await makeProject()
  const journalFolder = `${project.path}/journal`
  const server = await start(project, { CHAOS_JOURNAL: journalFolder })
  const load = await startLoad(server.port, CLIENTS)
  const strikes = []
  for (let at = 0; at < kills; at++) {
    await sleep(BETWEEN_MS)
    strikes.push(await strike(server, at))
  }
  await sleep(BETWEEN_MS)
  const report = await load.stop()
  await server.stop()
  const journal = await readJournal(journalFolder)
  await project.remove()
  const { own, foreign } = attribute(report.failures, strikes, journal)
  const note = `${describeFailures(report)}; per kill: ${histogram(own)}; not the victim's: ${foreign.length}`
  results.row({ scenario: SCENARIO, server: server.name, node: node.version, events: `${kills} kills`, report, note })
  say(`   ${server.name}, Node ${node.version}: ${report.failed} of ${report.sent} failed; ${note}`)
  say(`   beyond boot, ms: ${strikes.map(({ beyondBootMs }) => Math.round(beyondBootMs)).join(' ')}`)
  for (const failure of foreign.slice(0, 5)) say(`   not the victim's: ${JSON.stringify(failure)}`)
  return { strikes, foreign }
}

/** Entry and pool workers in turn. */
async function strikeEkiben(server, at) {
  const service = at % 2 === 0 ? 'Front' : 'Back'
  const workers = server.workers(service)
  const { pid, slot } = workers[at % workers.length]
  const { mark } = server
  const killedAt = Date.now()
  process.kill(pid, 'SIGKILL')
  const { readyAt, bootMs } = await server.replaced({ service, slot, mark })
  return { pid, killedAt, beyondBootMs: readyAt - killedAt - bootMs }
}

async function strikePeer(server, at) {
  const before = await server.workers()
  const { pid } = before[at % before.length]
  const known = new Set(before.map((worker) => worker.pid))
  const killedAt = Date.now()
  process.kill(pid, 'SIGKILL')
  while (!(await server.workers()).some((worker) => !known.has(worker.pid))) await sleep(20)
  return { pid, killedAt, beyondBootMs: Number.NaN }
}

/** Whose failures they were: `own` has their number for each strike. */
function attribute(failures, strikes, journal) {
  const own = strikes.map(() => 0)
  const foreign = failures.filter((failure) => {
    const at = strikes.findIndex((strike) => wasInFlight(failure, strike) && journal.hadInHand(strike.pid, failure))
    if (at === -1) return true
    own[at]++
    return false
  })
  return { own, foreign }
}

function wasInFlight({ at, endedAt }, { killedAt }) {
  return at <= killedAt + CLOCK_MS && endedAt >= killedAt - CLOCK_MS
}

/** `0 x 3, 2 x 5`: three kills failed no request, five failed two. */
function histogram(numbers) {
  const counts = new Map()
  for (const number of numbers.toSorted((a, b) => a - b)) counts.set(number, (counts.get(number) ?? 0) + 1)
  return [...counts].map(([number, count]) => `${number} x ${count}`).join(', ')
}
