import { setTimeout as sleep } from 'node:timers/promises'
import { makeProject } from '../deploys.mjs'
import { startLoad } from '../load/start-load.mjs'
import { describeFailures } from '../results.mjs'
import { startCluster } from '../servers/cluster.mjs'
import { startEkiben } from '../servers/ekiben.mjs'
import { startPm2 } from '../servers/pm2.mjs'

const CLIENTS = { busy: 4, newConnection: 3, waiter: 2, caller: 2 }
const DEPLOYS = { throws: 'throws at import', dies: 'dies 200 ms after ready', hangs: 'never gets ready' }
const FLAGS = ['--api-workers', '2', '--workers', 'Back=2', '--set', 'bootTimeoutMs=3000']
/** What a bad deploy does to those who took it shows soon after. */
const AFTERMATH_MS = 2_000

/** A reload to code that cannot serve, while requests go on; then one to code that can. */
export async function badDeploy({ quick, nodes, current, peers, results, say }) {
  const kinds = quick ? ['throws', 'dies'] : Object.keys(DEPLOYS)
  const all = { failed: 0, sent: 0, wrong: [] }
  for (const node of nodes) {
    for (const kind of kinds) {
      const start = (project) => startEkiben({ node: node.binary, project, flags: FLAGS })
      const { report, refused, recovered, kept } = await measure({ node, start, kind, results, say })
      all.failed += report.failed
      all.sent += report.sent
      if (!refused) all.wrong.push(`not refused: ${DEPLOYS[kind]}`)
      if (!kept) all.wrong.push(`the old workers did not stay: ${DEPLOYS[kind]}`)
      if (!recovered) all.wrong.push(`no good reload after one that ${DEPLOYS[kind]}`)
    }
  }
  if (peers !== undefined) {
    for (const kind of kinds) {
      const node = current
      await measure({ node, start: (project) => startCluster({ node: node.binary, project }), kind, results, say })
      const pm2 = (project) => startPm2({ node: node.binary, project, bin: peers.pm2 })
      await measure({ node, start: pm2, kind, results, say })
    }
  }
  results.target('no request fails in a bad deploy', all.failed === 0, `${all.failed} of ${all.sent}`)
  const wrong = all.wrong.join('; ')
  results.target(
    'a bad deploy is refused, the old workers stay, a good one goes through',
    wrong === '',
    wrong || 'so it is',
  )
}

async function measure({ node, start, kind, results, say }) {
  const project = await makeProject()
  const server = await start(project)
  const load = await startLoad(server.port, CLIENTS)
  await sleep(500)
  const before = await pids(server)
  await project.deploy(kind)
  const reason = await server.reload()
  await sleep(AFTERMATH_MS)
  const after = await pids(server)
  await project.deploy('good')
  const problem = await server.reload()
  await sleep(500)
  const report = await load.stop()
  await server.stop()
  await project.remove()
  const refused = reason !== undefined
  const kept = before === after
  const recovered = problem === undefined
  const verdict = [refused ? 'refused' : 'accepted', kept ? 'the old kept serving' : 'the old were given up']
  if (!recovered) verdict.push('no good reload afterwards')
  const failures = describeFailures(report)
  const note = [...verdict, ...(failures === '' ? [] : [failures])].join('; ')
  results.row({
    scenario: `bad deploy: ${DEPLOYS[kind]}`,
    server: server.name,
    node: node.version,
    events: '1 reload',
    report,
    note,
  })
  say(
    `   ${server.name}, Node ${node.version}, ${kind}: ${report.failed} of ${report.sent} failed; ${note}; ${reason} ${problem ?? ''}`,
  )
  return { report, refused, recovered, kept }
}

async function pids(server) {
  const workers = await server.workers()
  return workers
    .map(({ pid }) => pid)
    .sort((a, b) => a - b)
    .join(' ')
}
