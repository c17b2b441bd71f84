import { setTimeout as sleep } from 'node:timers/promises'
import { makeProject } from '../deploys.mjs'
import { readJournal } from '../journal.mjs'
import { startLoad } from '../load/start-load.mjs'
import { startCluster } from '../servers/cluster.mjs'
import { startEkiben } from '../servers/ekiben.mjs'
import { startPm2 } from '../servers/pm2.mjs'

const CLIENTS = { busy: 6, newConnection: 4, poster: 2, waiter: 8, caller: 6, newCaller: 2 }
/** Killed more often than any policy would take for chance: the back-off must not grow, nor the service be flapping. */
const POLICY = ['--set', 'restart.resetAfterMs=200', '--set', 'restart.flappingCount=1000']
const FLAGS = ['--api-workers', '2', '--workers', 'Back=2', ...POLICY]
const BEYOND_BOOT_MS = 200
const BETWEEN_MS = 700
/** Two processes' clocks. */
const CLOCK_MS = 20
/** The victim accepts nobody who begins later than so soon after its kill. */
const ACCEPTS_MS = 50
/** Until then the kernel has reset what it had accepted, and the client has noticed, which may stand still itself. */
const RESET_MS = 2_000

/** SIGKILL of one worker after another under load: who fails, and when is its slot ready again? */
export async function kill({ quick, slack, nodes, current, peers, results }) {
  const kills = quick ? 6 : 20
  const found = []
  for (const node of nodes) {
    const start = (project, env) => startEkiben({ node: node.binary, project, flags: FLAGS, env })
    found.push(await measure({ node, start, kills, strike: strikeEkiben, results }))
  }
  if (peers !== undefined) {
    const node = current
    const cluster = (project, env) => startCluster({ node: node.binary, project, env })
    await measure({ node, start: cluster, kills, strike: strikePeer, results })
    const pm2 = (project, env) => startPm2({ node: node.binary, project, bin: peers.pm2, env })
    await measure({ node, start: pm2, kills, strike: strikePeer, results })
  }
  const foreign = found.reduce((sum, one) => sum + one.foreign, 0)
  const figure = `${foreign} others failed, in ${kills * nodes.length} kills`
  results.target('after SIGKILL of a worker only its own requests in flight fail', foreign === 0, figure)
  const worstMs = Math.max(...found.flatMap(({ strikes }) => strikes.map(({ beyondBootMs }) => beyondBootMs)))
  const limit = BEYOND_BOOT_MS * slack
  const text = `its slot is ready again within its boot time + ${limit} ms`
  results.target(text, worstMs <= limit, `boot + ${Math.round(worstMs)} ms at worst`)
}

async function measure({ node, start, kills, strike, results }) {
  const project = await makeProject()
  const server = await start(project, { CHAOS_JOURNAL: project.journal })
  const load = await startLoad(server.port, CLIENTS)
  const strikes = []
  for (let at = 0; at < kills; at++) {
    await sleep(BETWEEN_MS)
    strikes.push(await strike(server, at))
  }
  await sleep(BETWEEN_MS)
  const report = await load.stop()
  await server.stop()
  const journal = await readJournal(project.journal)
  await project.remove()
  const { own, foreign } = attribute(report.failures, strikes, journal)
  const note = `for each kill ${histogram(own)}; not the victim's: ${foreign.length}`
  const row = { scenario: 'kill -9 of a worker', server: server.name, node: node.version, events: `${kills} kills` }
  results.row({ ...row, report, note, odd: foreign })
  return { strikes, foreign: foreign.length }
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
  return { pid, service, killedAt, beyondBootMs: readyAt - killedAt - bootMs }
}

async function strikePeer(server, at) {
  const before = await server.workers()
  const { pid } = before[at % before.length]
  const known = new Set(before.map((worker) => worker.pid))
  const killedAt = Date.now()
  process.kill(pid, 'SIGKILL')
  while (!(await server.workers()).some((worker) => !known.has(worker.pid))) await sleep(20)
  return { pid, killedAt }
}

/** Whose failures they were: `own` has their number for each strike. */
function attribute(failures, strikes, journal) {
  const own = strikes.map(() => 0)
  const foreign = failures.filter((failure) => {
    const at = strikes.findIndex((strike) => wasOf(failure, strike, journal))
    if (at === -1) return true
    own[at]++
    return false
  })
  return { own, foreign }
}

/** By its connection or its id; a call that the victim had not yet read is in no journal, but its caller names the loss. */
function wasOf(failure, { pid, service, killedAt }, journal) {
  if (failure.endedAt < killedAt - CLOCK_MS) return false
  if (journal.hadInHand({ pid }, failure) || wasJustAccepted(failure, killedAt, journal)) return true
  return service === 'Back' && failure.text?.includes('"EKB_ERR_WORKER_LOST"') === true
}

/**
 * A connection of which no process took note, reset as the victim died: it died between accepting it and the note. One
 * that nobody had accepted waits in the backlog, and one that another worker had is in that one's journal.
 */
function wasJustAccepted({ profile, outcome, at, endedAt, ...failure }, killedAt, journal) {
  const isNew = profile === 'newConnection' || profile === 'newCaller'
  return (
    isNew &&
    outcome === 'reset' &&
    at <= killedAt + ACCEPTS_MS &&
    endedAt <= killedAt + RESET_MS &&
    journal.knowsNobodyFor({ ...failure, at, endedAt })
  )
}

/** `0 (3 times), 2 (5 times)`: three kills failed no request, five failed two. */
function histogram(numbers) {
  const counts = new Map()
  for (const number of numbers.toSorted((a, b) => a - b)) counts.set(number, (counts.get(number) ?? 0) + 1)
  return [...counts].map(([number, count]) => `${number} (${count} times)`).join(', ')
}
