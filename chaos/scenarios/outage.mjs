import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../ask.mjs'
import { makeProject } from '../deploys.mjs'
import { readJournal } from '../journal.mjs'
import { startLoad } from '../load/start-load.mjs'
import { describeFailures } from '../results.mjs'
import { startEkiben } from '../servers/ekiben.mjs'

const CLIENTS = { busy: 2, newConnection: 1, caller: 4, newCaller: 2 }
const GRACE_MS = 1_500
const POLICY = [
  '--set',
  'restart.resetAfterMs=200',
  '--set',
  'restart.maxMs=500',
  '--set',
  'restart.flappingCount=1000',
]
const FLAGS = ['--api-workers', '2', '--set', `dependencyGraceMs=${GRACE_MS}`, ...POLICY]
const BLIPS = 4
const OUTAGE_MS = 4_000
/** Once it is known that nobody is there, saying so takes next to nothing. */
const QUICKLY_MS = 100
const RECOVERED_WITHIN_MS = 5_000

/** A dependency with one worker: killed, which is over within the grace, then killed and broken for longer. */
export async function outage({ quick, nodes, results, say }) {
  for (const node of nodes) {
    await blips({ node, count: quick ? 2 : BLIPS, results, say })
    await broken({ node, results, say })
  }
}

async function blips({ node, count, results, say }) {
  const { server, load, finish } = await begin(node)
  const victims = []
  for (let at = 0; at < count; at++) {
    await sleep(700)
    const [{ pid, slot }] = server.workers('Back')
    const { mark } = server
    victims.push(pid)
    process.kill(pid, 'SIGKILL')
    await server.replaced({ service: 'Back', slot, mark })
  }
  await sleep(500)
  const report = await load.stop()
  const journal = await finish()
  const foreign = report.failures.filter((failure) => !victims.some((pid) => journal.hadInHand(pid, failure)))
  const note = `${describeFailures(report)}; not in flight in it: ${foreign.length}`
  const events = `${count} kills of its only worker`
  results.row({ scenario: 'dependency killed', server: server.name, node: node.version, events, report, note })
  say(`   killed, Node ${node.version}: ${report.failed} of ${report.sent} failed; ${note}`)
  for (const failure of foreign.slice(0, 5)) say(`   foreign: ${JSON.stringify(failure)}`)
  const text = `Node ${node.version}: calls wait for a dependency that is back within the grace`
  results.target(text, foreign.length === 0, `${foreign.length} failed that it did not have in flight`)
}

async function broken({ node, results, say }) {
  const { server, project, load, finish } = await begin(node)
  await sleep(500)
  const [{ pid }] = server.workers('Back')
  await project.deploy('throws')
  const downAt = Date.now()
  process.kill(pid, 'SIGKILL')
  await sleep(OUTAGE_MS)
  await project.deploy('good')
  const repairedAt = Date.now()
  while ((await ask(server.port, '/below')).status !== 200) await sleep(50)
  const recoveredMs = Date.now() - repairedAt
  await sleep(500)
  const report = await load.stop()
  await finish()
  const wrong = report.failures.filter((failure) => !isTyped503(failure) && failure.at > downAt + 50)
  const late = report.failures.filter((failure) => failure.at > downAt + GRACE_MS + 200)
  const slowestMs = Math.max(0, ...late.map(({ ms }) => ms))
  const unrelated = report.profiles.busy.failed + report.profiles.newConnection.failed
  const note = `${describeFailures(report)}; after the grace refused within ${Math.round(slowestMs)} ms; back ${recoveredMs} ms after the repair`
  const events = `${OUTAGE_MS / 1000} s without it, ${GRACE_MS / 1000} s grace`
  results.row({ scenario: 'dependency broken', server: server.name, node: node.version, events, report, note })
  say(`   broken, Node ${node.version}: ${report.failed} of ${report.sent} failed; ${note}`)
  for (const failure of wrong.slice(0, 5)) say(`   no typed 503: ${JSON.stringify(failure)}`)
  const typed = `Node ${node.version}: during an outage callers get a typed 503 with Retry-After, other requests are served`
  results.target(
    typed,
    wrong.length === 0 && unrelated === 0 && late.length > 0,
    `${wrong.length} got something else, ${unrelated} others failed`,
  )
  const quickly = `Node ${node.version}: once the grace is over it comes within ${QUICKLY_MS} ms`
  results.target(quickly, slowestMs <= QUICKLY_MS, `${Math.round(slowestMs)} ms at worst of ${late.length}`)
  results.target(
    `Node ${node.version}: recovery needs no action`,
    recoveredMs <= RECOVERED_WITHIN_MS,
    `${recoveredMs} ms after the repair`,
  )
}

async function begin(node) {
  const project = await makeProject()
  const journalFolder = `${project.path}/journal`
  const env = { CHAOS_JOURNAL: journalFolder }
  const server = await startEkiben({ node: node.binary, project, flags: FLAGS, env })
  const load = await startLoad(server.port, CLIENTS)
  const finish = async () => {
    await server.stop()
    const journal = await readJournal(journalFolder)
    await project.remove()
    return journal
  }
  return { project, server, load, finish }
}

function isTyped503({ status, text, retryAfter }) {
  return status === 503 && Number(retryAfter) > 0 && text.includes('"EKB_ERR_DEPENDENCY_DOWN"')
}
