import { setTimeout as sleep } from 'node:timers/promises'
import { makeProject } from '../deploys.mjs'
import { MIX } from '../load/profiles.mjs'
import { startLoad } from '../load/start-load.mjs'
import { startCluster } from '../servers/cluster.mjs'
import { startEkiben } from '../servers/ekiben.mjs'
import { startPm2 } from '../servers/pm2.mjs'

/** Half the usual time of proof: more rollouts in the same time. */
const FLAGS = ['--api-workers', '2', '--workers', 'Back=2', '--set', 'minReadyMs=500']
const LEAST_REQUESTS = 50_000
const LEAST_ROLLOUTS = 50
/** Beyond what a request takes by itself. */
const BEYOND_MS = 250
/** Between two reloads: clients that pause meet workers that are not about to leave, too. */
const PAUSE_MS = 300

/** Rollouts one after another while clients of every kind go on. */
export async function reload({ quick, slack, nodes, current, peers, results }) {
  const rollouts = quick ? 3 : 17
  const reports = []
  for (const node of nodes) {
    const start = (project) => startEkiben({ node: node.binary, project, flags: FLAGS })
    reports.push(await measure({ node, start, rollouts, results }))
  }
  if (peers !== undefined) {
    const node = current
    await measure({ node, start: (project) => startCluster({ node: node.binary, project }), rollouts, results })
    const pm2 = (project) => startPm2({ node: node.binary, project, bin: peers.pm2 })
    await measure({ node, start: pm2, rollouts, results })
  }
  judge({ reports, rollouts: rollouts * nodes.length, quick, slack, results })
}

function judge({ reports, rollouts, quick, slack, results }) {
  const sent = reports.reduce((sum, report) => sum + report.sent, 0)
  const failed = reports.reduce((sum, report) => sum + report.failed, 0)
  const slowestMs = Math.max(...reports.map(({ slowest, loopDelayMs }) => slowest[0].ms - loopDelayMs))
  const enough = quick || (sent >= LEAST_REQUESTS && rollouts >= LEAST_ROLLOUTS)
  const over = quick ? '' : ` of at least ${LEAST_REQUESTS}, over at least ${LEAST_ROLLOUTS} rollouts`
  const figure = `${failed} of ${sent}, over ${rollouts} rollouts`
  results.target(`no request fails${over}`, failed === 0 && enough, figure)
  const limit = BEYOND_MS * slack
  const text = `the slowest request during a reload takes at most ${limit} ms beyond its own time`
  results.target(text, slowestMs <= limit, `${Math.round(slowestMs)} ms`)
}

async function measure({ node, start, rollouts, results }) {
  const project = await makeProject()
  const server = await start(project)
  const load = await startLoad(server.port, MIX)
  let inReloadMs = 0
  for (let at = 0; at < rollouts; at++) {
    await sleep(PAUSE_MS)
    const from = performance.now()
    // Some by the command, which must do the same.
    const reason = await server.reload(at % 3 === 2 ? 'command' : 'signal')
    inReloadMs += performance.now() - from
    if (reason !== undefined) throw new Error(`${server.name} did not reload: ${reason}`)
  }
  await sleep(PAUSE_MS)
  const report = await load.stop()
  await server.stop()
  await project.remove()
  const events = `${rollouts} rollouts of ${(inReloadMs / rollouts / 1000).toFixed(1)} s`
  const odd = server.name === 'ekiben' ? report.failures : []
  results.row({ scenario: 'rolling reloads', server: server.name, node: node.version, events, report, odd })
  return report
}
