import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../ask.mjs'
import { makeProject } from '../deploys.mjs'
import { readJournal } from '../journal.mjs'
import { startLoad } from '../load/start-load.mjs'
import { startEkiben } from '../servers/ekiben.mjs'

const CLIENTS = { busy: 9, newConnection: 4, waiter: 3, caller: 2 }
const LIVENESS_MS = 2_000
const FLAGS = ['--api-workers', '3', '--workers', 'Back=2', '--set', `livenessTimeoutMs=${LIVENESS_MS}`]
const MARGIN_MS = 1_000
const GIVE_UP_MS = 20_000

/** An api that spins for ever in one of three workers. */
export async function wedge({ slack, nodes, results }) {
  const found = []
  for (const node of nodes) found.push(await measure({ node, results }))
  const foreign = found.reduce((sum, one) => sum + one.foreign, 0)
  results.target('a worker that spins costs only requests that it had', foreign === 0, `${foreign} others failed`)
  const worstMs = Math.max(...found.map(({ replacedMs }) => replacedMs))
  const margin = MARGIN_MS * slack
  const figure = `${worstMs} ms, where the liveness limit is ${LIVENESS_MS} ms`
  const text = `it is killed and replaced within the liveness limit + ${margin} ms`
  results.target(text, worstMs <= LIVENESS_MS + margin, figure)
}

async function measure({ node, results }) {
  const project = await makeProject()
  const server = await startEkiben({
    node: node.binary,
    project,
    flags: FLAGS,
    env: { CHAOS_JOURNAL: project.journal },
  })
  const load = await startLoad(server.port, CLIENTS)
  await sleep(500)
  const { mark } = server
  const before = server.workers('Front')
  const spunAt = Date.now()
  const spun = ask(server.port, '/spin').catch((error) => error)
  const became = (state) => (line) => line.msg === 'worker state' && line.service === 'Front' && line.to === state
  const [end, ready] = await Promise.all([
    server.until(became('exited'), { mark, timeoutMs: GIVE_UP_MS, what: 'the worker that spins to be killed' }),
    server.until(became('ready'), { mark, timeoutMs: GIVE_UP_MS, what: 'its replacement' }),
  ])
  await spun
  await sleep(500)
  const report = await load.stop()
  await server.stop()
  const journal = await readJournal(project.journal)
  await project.remove()
  const victim = { pid: end.workerPid, thread: end.workerThread }
  const isVictim = ({ pid, thread }) => pid === victim.pid && thread === victim.thread
  if (!before.some(isVictim)) throw new Error(`${JSON.stringify(victim)} ended, none of ${JSON.stringify(before)}`)
  const foreign = report.failures.filter((failure) => !journal.hadInHand(victim, failure))
  const times = `replacement ready after ${ready.time - spunAt} ms, killed after ${end.time - spunAt} ms`
  const row = {
    scenario: 'an api that spins for ever',
    server: server.name,
    node: node.version,
    events: '1 of 3 workers',
  }
  results.row({ ...row, report, note: `${times}; not that worker's: ${foreign.length}`, odd: foreign, since: spunAt })
  return { foreign: foreign.length, replacedMs: Math.max(end.time, ready.time) - spunAt }
}
