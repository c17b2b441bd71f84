import { setTimeout as sleep } from 'node:timers/promises'
import { makeProject } from '../deploys.mjs'
import { startLoad } from '../load/start-load.mjs'
import { startEkiben } from '../servers/ekiben.mjs'

const CLIENTS = { busy: 4, newConnection: 3, waiter: 6, caller: 2 }
const FLAGS = ['--api-workers', '2', '--workers', 'Back=2']
/** A request that began so close to the kill may not have been in flight yet. */
const CLOCK_MS = 20
const NEXT_READY_WITHIN_MS = 3_000
const LEFT_WITHIN_MS = 10_000

/** SIGKILL of the supervisor, and the same command again at once. */
export async function supervisorKill({ quick, slack, nodes, results }) {
  const times = quick ? 1 : 3
  const found = []
  for (const node of nodes) for (let at = 0; at < times; at++) found.push(await measure({ node, results }))
  const cut = found.reduce((sum, one) => sum + one.cut, 0)
  const figure = `${cut} cut, in ${found.length} kills`
  results.target('what is in flight when the supervisor is killed is finished', cut === 0, figure)
  const slowestMs = Math.max(...found.map(({ nextMs }) => nextMs))
  const limit = NEXT_READY_WITHIN_MS * slack
  const text = `the next start on the same port works at once: ready within ${limit} ms`
  results.target(text, slowestMs <= limit, `${slowestMs} ms at worst`)
  const overlapMs = Math.max(...found.map((one) => one.overlapMs))
  const overlap = overlapMs > 0 ? `${Math.round(overlapMs)} ms of overlap` : 'no overlap'
  results.target('never two generations serve', overlapMs <= 0, overlap)
}

async function measure({ node, results }) {
  const project = await makeProject()
  const first = await startEkiben({ node: node.binary, project, flags: FLAGS })
  const load = await startLoad(first.port, CLIENTS)
  await sleep(1_000)
  const old = new Set(first.workers().map(({ pid }) => pid))
  const killedAt = Date.now()
  first.signal('SIGKILL')
  await first.exited
  const second = await startEkiben({ node: node.binary, project, port: first.port, flags: FLAGS })
  const nextMs = Date.now() - killedAt
  await sleep(1_000)
  const report = await load.stop()
  const goneMs = await whenGone(old, killedAt)
  await second.stop()
  await project.remove()
  // What was refused came to nobody, however long its client had meant to ask.
  const taken = report.failures.filter(({ outcome }) => outcome !== 'refused')
  const cut = taken.filter(({ at, endedAt }) => at < killedAt - CLOCK_MS && endedAt > killedAt)
  const gone = `old workers gone after ${goneMs} ms at most`
  const note = `in flight and cut: ${cut.length}; next ready after ${nextMs} ms; ${gone}`
  const row = { scenario: 'kill -9 of the supervisor', server: 'ekiben', node: node.version, events: '1 kill, 1 start' }
  results.row({ ...row, report, note, odd: taken, since: killedAt })
  return { cut: cut.length, nextMs, overlapMs: overlapOf(report.answerers, old) }
}

/** Did an old worker take a request after a client had an answer of a new one? For how long; below 0: not. */
function overlapOf(answerers, old) {
  const lastOld = Math.max(...answerers.filter(({ pid }) => old.has(pid)).map(({ lastBegunAt }) => lastBegunAt))
  const news = answerers.filter(({ pid }) => !old.has(pid))
  return lastOld - Math.min(...news.map(({ firstAnsweredAt }) => firstAnsweredAt))
}

/** Milliseconds from the kill until no old worker was left. */
async function whenGone(pids, killedAt) {
  for (;;) {
    const left = [...pids].filter(isAlive)
    if (left.length === 0) return Date.now() - killedAt
    if (Date.now() - killedAt > LEFT_WITHIN_MS) throw new Error(`old workers are left: ${left.join(' ')}`)
    await sleep(20)
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
