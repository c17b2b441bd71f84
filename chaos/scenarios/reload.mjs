import { setTimeout as sleep } from 'node:timers/promises'
import { makeProject } from '../deploys.mjs'
import { MIX } from '../load/profiles.mjs'
import { startLoad } from '../load/start-load.mjs'
import { describeFailures } from '../results.mjs'
import { startCluster } from '../servers/cluster.mjs'
import { startEkiben } from '../servers/ekiben.mjs'
import { startPm2 } from '../servers/pm2.mjs'

const SCENARIO = 'rolling reloads'
/** Beyond what a request takes by itself. */
const SLOWEST_TARGET_MS = 250
const LEAST_REQUESTS = 50_000
const LEAST_ROLLOUTS = 50
/** Between two reloads, so that clients that pause meet workers that are not about to leave, too. */
const PAUSE_MS = 300

/** Rollouts one after another while clients of every kind go on. */
export async function reload({ quick, nodes, current, peers, results, say }) {
  const rollouts = quick ? 3 : 17
  const done = { sent: 0, failed: 0, rollouts: 0, slowestMs: 0 }
  for (const node of nodes) {
    const flags = ['--api-workers', '2', '--workers', 'Back=2']
    const start = ({ project }) => startEkiben({ node: node.binary, project, flags })
    // Some by the command, which must do the same.
    const report = await measure({
      node,
      start,
      rollouts,
      results,
      say,
      by: (at) => (at % 4 === 3 ? 'command' : 'signal'),
    })
    done.sent += report.sent
    done.failed += report.failed
    done.rollouts += rollouts
    done.slowestMs = Math.max(done.slowestMs, report.slowest[0].ms)
  }
  if (peers !== undefined) {
    const node = current
    const cluster = ({ project }) => startCluster({ node: node.binary, project })
    await measure({ node, start: cluster, rollouts, results, say })
    const pm2 = ({ project }) => startPm2({ node: node.binary, project, bin: peers.pm2 })
    await measure({ node, start: pm2, rollouts, results, say })
  }
  const enough = quick || (done.sent >= LEAST_REQUESTS && done.rollouts >= LEAST_ROLLOUTS)
  const over = quick ? '' : ` of at least ${LEAST_REQUESTS}, over at least ${LEAST_ROLLOUTS} full rollouts`
  results.target(
    `no request fails${over}`,
    done.failed === 0 && enough,
    `${done.failed} of ${done.sent}, ${done.rollouts} rollouts`,
  )
  const slowest = `${Math.round(done.slowestMs)} ms`
  results.target(
    `a request during a reload takes at most ${SLOWEST_TARGET_MS} ms beyond its own time`,
    done.slowestMs <= SLOWEST_TARGET_MS,
    slowest,
  )
}

async function measure({ node, start, rollouts, results, say, by = () => undefined }) {
  const project = await makeProject()
  const server = await start({ project })
  const load = await startLoad(server.port, MIX)
  const problems = []
  let inReloadMs = 0
  for (let at = 0; at < rollouts; at++) {
    await sleep(PAUSE_MS)
    const from = performance.now()
    const reason = await server.reload(by(at))
    inReloadMs += performance.now() - from
    if (reason !== undefined) problems.push(reason)
  }
  await sleep(PAUSE_MS)
  const report = await load.stop()
  await server.stop()
  await project.remove()
  say(`   ${server.name}, Node ${node.version}: ${report.failed} of ${report.sent} failed ${describeFailures(report)}`)
  say(
    `   ${JSON.stringify(report.failures.slice(0, 5))} slowest ${JSON.stringify(report.slowest.slice(0, 3))} loop ${report.loopDelayMs}`,
  )
  if (problems.length > 0) throw new Error(`${server.name} did not reload: ${problems[0]}`)
  const events = `${rollouts} rollouts of ${(inReloadMs / rollouts / 1000).toFixed(1)} s`
  results.row({
    scenario: SCENARIO,
    server: server.name,
    node: node.version,
    events,
    report,
    note: describeFailures(report),
  })
  return report
}
