import { setTimeout as sleep } from 'node:timers/promises'
import { makeProject } from '../deploys.mjs'
import { startLoad } from '../load/start-load.mjs'
import { startCluster } from '../servers/cluster.mjs'
import { startEkiben } from '../servers/ekiben.mjs'
import { startPm2 } from '../servers/pm2.mjs'

const CLIENTS = { busy: 4, newConnection: 3, waiter: 2, caller: 2 }
const DEPLOYS = { throws: 'throws at import', dies: 'dies 200 ms after ready', hangs: 'never gets ready' }
const FLAGS = ['--api-workers', '2', '--workers', 'Back=2']
/** Only what hangs has to be waited for. */
const BOOT = { hangs: ['--set', 'bootTimeoutMs=3000'] }
/** What a bad deploy does to those who took it shows soon after. */
const AFTERMATH_MS = 2_000

/** A reload to code that cannot serve, while requests go on; then one to code that can. */
export async function badDeploy({ quick, nodes, current, peers, results }) {
  const kinds = quick ? ['throws', 'dies'] : Object.keys(DEPLOYS)
  const found = []
  for (const kind of kinds) {
    for (const node of nodes) {
      const flags = [...FLAGS, ...(BOOT[kind] ?? [])]
      const start = (project) => startEkiben({ node: node.binary, project, flags })
      found.push(await measure({ node, start, kind, results }))
    }
    if (peers === undefined) continue
    const node = current
    await measure({ node, start: (project) => startCluster({ node: node.binary, project }), kind, results })
    const pm2 = (project) => startPm2({ node: node.binary, project, bin: peers.pm2 })
    await measure({ node, start: pm2, kind, results })
  }
  const failed = found.reduce((sum, { report }) => sum + report.failed, 0)
  const sent = found.reduce((sum, { report }) => sum + report.sent, 0)
  results.target('no request fails in a bad deploy', failed === 0, `${failed} of ${sent}`)
  const wrong = [...new Set(found.flatMap((one) => one.wrong))]
  const text = 'a bad deploy is refused, the old workers stay, and the next good one goes through'
  results.target(text, wrong.length === 0, wrong.join('; ') || `so it was in ${found.length} of ${found.length}`)
}

async function measure({ node, start, kind, results }) {
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
  const verdict = [
    reason === undefined ? 'accepted' : 'refused',
    before === after ? 'the old workers stayed' : 'the old workers were given up',
    problem === undefined ? 'a good reload afterwards' : 'no good reload afterwards',
  ]
  const scenario = `bad deploy: ${DEPLOYS[kind]}`
  const odd = server.name === 'ekiben' ? report.failures : []
  const row = { scenario, server: server.name, node: node.version, events: '1 reload' }
  results.row({ ...row, report, note: verdict.join(', '), odd })
  const good = ['refused', 'the old workers stayed', 'a good reload afterwards']
  const wrong = verdict.filter((part) => !good.includes(part)).map((part) => `${part} when it ${DEPLOYS[kind]}`)
  return { report, wrong: problem === undefined ? wrong : [...wrong, problem] }
}

async function pids(server) {
  const workers = await server.workers()
  return workers
    .map(({ pid }) => pid)
    .sort((a, b) => a - b)
    .join(' ')
}
