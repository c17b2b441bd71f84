import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../ask.mjs'
import { makeProject } from '../deploys.mjs'
import { readJournal } from '../journal.mjs'
import { startLoad } from '../load/start-load.mjs'
import { describeFailures } from '../results.mjs'
import { startEkiben } from '../servers/ekiben.mjs'

const CLIENTS = { busy: 9, newConnection: 4, waiter: 3, caller: 2 }
const LIVENESS_MS = 2_000
const FLAGS = ['--api-workers', '3', '--workers', 'Back=2', '--set', `livenessTimeoutMs=${LIVENESS_MS}`]
const MARGIN_MS = 1_000

/** An api that spins for ever in one of three workers. */
export async function wedge({ nodes, results, say }) {
  const all = { foreign: 0, worstMs: 0 }
  for (const node of nodes) {
    const { foreign, replacedMs } = await measure({ node, results, say })
    all.foreign += foreign
    all.worstMs = Math.max(all.worstMs, replacedMs)
  }
  results.target(
    'a worker that spins costs only requests that it had',
    all.foreign === 0,
    `${all.foreign} others failed`,
  )
  const limit = LIVENESS_MS + MARGIN_MS
  const figure = `${Math.round(all.worstMs)} ms, with a liveness limit of ${LIVENESS_MS} ms`
  results.target('it is replaced within the liveness limit + 1 s', all.worstMs <= limit, figure)
}

async function measure({ node, results, say }) {
  const project = await makeProject()
  const journalFolder = `${project.path}/journal`
  const env = { CHAOS_JOURNAL: journalFolder }
  const server = await startEkiben({ node: node.binary, project, flags: FLAGS, env })
  const load = await startLoad(server.port, CLIENTS)
  await sleep(500)
  const { mark } = server
  const before = server.workers('Front')
  const spunAt = Date.now()
  const spun = ask(server.port, '/spin').catch((error) => error)
  const isEnd = (line) => line.msg === 'worker state' && line.service === 'Front' && line.to === 'exited'
  const isReady = (line) => line.msg === 'worker state' && line.service === 'Front' && line.to === 'ready'
  const [end, ready] = await Promise.all([
    server.until(isEnd, { mark, what: 'the wedged worker to be killed' }),
    server.until(isReady, { mark, what: 'its replacement' }),
  ])
  await spun
  await sleep(500)
  const report = await load.stop()
  await server.stop()
  const journal = await readJournal(journalFolder)
  await project.remove()
  if (!before.some(({ pid }) => pid === end.workerPid)) throw new Error(`${end.workerPid} ended, which was new`)
  const foreign = report.failures.filter((failure) => !journal.hadInHand(end.workerPid, failure))
  const replacedMs = Math.max(end.time, ready.time) - spunAt
  const note = `${describeFailures(report)}; not the wedged worker's: ${foreign.length}`
  const scenario = 'an api that spins for ever'
  results.row({ scenario, server: server.name, node: node.version, events: '1 of 3 workers', report, note })
  const times = `replacement ready after ${ready.time - spunAt} ms, killed after ${end.time - spunAt} ms`
  say(`   Node ${node.version}: ${report.failed} of ${report.sent} failed; ${note}; ${times}`)
  for (const failure of foreign.slice(0, 5)) say(`   not the worker's: ${JSON.stringify(failure)}`)
  return { foreign: foreign.length, replacedMs }
}
