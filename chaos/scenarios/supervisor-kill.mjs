import { setTimeout as sleep } from 'node:timers/promises'
import { makeProject } from '../deploys.mjs'
import { startLoad } from '../load/start-load.mjs'
import { describeFailures } from '../results.mjs'
import { startEkiben } from '../servers/ekiben.mjs'

const CLIENTS = { busy: 4, newConnection: 3, waiter: 6, caller: 2 }
const FLAGS = ['--api-workers', '2', '--workers', 'Back=2']
/** A request that began so close to the kill may have been on its way to nobody. */
const CLOCK_MS = 20

/** SIGKILL of the supervisor, and the same command again at once. */
export async function supervisorKill({ quick, nodes, results, say }) {
  const all = { cut: 0, kills: 0, mixed: [], slowestMs: 0 }
  for (const node of nodes) {
    const times = quick ? 1 : 3
    for (let at = 0; at < times; at++) {
      const found = await measure({ node, results, say })
      all.kills++
      all.cut += found.cut
      all.slowestMs = Math.max(all.slowestMs, found.nextMs)
      if (found.overlapMs > 0) all.mixed.push(`${Math.round(found.overlapMs)} ms on Node ${node.version}`)
    }
  }
  results.target(
    'what is in flight when the supervisor is killed is finished',
    all.cut === 0,
    `${all.cut} cut in ${all.kills} kills`,
  )
  results.target(
    'the next start on the same port works at once',
    all.slowestMs < 3_000,
    `ready after ${all.slowestMs} ms at worst`,
  )
  results.target('never two generations serve', all.mixed.length === 0, all.mixed.join(', ') || 'none')
}

async function measure({ node, results, say }) {
  const project = await makeProject()
  const first = await startEkiben({ node: node.binary, project, flags: FLAGS })
  const load = await startLoad(first.port, CLIENTS)
  await sleep(1_000)
  const old = new Set([...first.workers('Front'), ...first.workers('Back')].map(({ pid }) => pid))
  const killedAt = Date.now()
  first.signal('SIGKILL')
  await first.exited
  const second = await startEkiben({ node: node.binary, project, port: first.port, flags: FLAGS })
  const nextMs = Date.now() - killedAt
  await sleep(1_000)
  const report = await load.stop()
  await second.stop()
  const left = [...old].filter(isAlive)
  await project.remove()
  const cut = report.failures.filter(({ at, endedAt }) => at < killedAt - CLOCK_MS && endedAt > killedAt)
  const oldServed = report.answerers.filter(({ pid }) => old.has(pid))
  const newServed = report.answerers.filter(({ pid }) => !old.has(pid))
  // When a request was begun that the last old one answered, against the first that a new one did.
  const overlapMs = Math.max(...oldServed.map(({ last }) => last)) - Math.min(...newServed.map(({ first: at }) => at))
  const note = `${describeFailures(report)}; in flight and cut: ${cut.length}; next ready after ${nextMs} ms`
  results.row({
    scenario: 'kill -9 of the supervisor',
    server: 'ekiben',
    node: node.version,
    events: '1 kill, start again',
    report,
    note,
  })
  say(
    `   Node ${node.version}: ${report.failed} of ${report.sent} failed; ${note}; overlap ${Math.round(overlapMs)} ms, ${left.length} old left`,
  )
  for (const failure of report.failures.filter(({ outcome }) => outcome !== 'refused').slice(0, 6))
    say(`   ${Math.round(failure.at - killedAt)} ms: ${JSON.stringify(failure)}`)
  if (left.length > 0) throw new Error(`old workers are left: ${left.join(' ')}`)
  return { cut: cut.length, nextMs, overlapMs }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
