import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../ask.mjs'
import { makeProject } from '../deploys.mjs'
import { readJournal } from '../journal.mjs'
import { startLoad } from '../load/start-load.mjs'
import { startEkiben } from '../servers/ekiben.mjs'

const CLIENTS = { busy: 2, newConnection: 1, caller: 4, newCaller: 2 }
const GRACE_MS = 1_500
const POLICY = ['restart.resetAfterMs=200', 'restart.maxMs=500', 'restart.flappingCount=1000']
const SETTINGS = [`dependencyGraceMs=${GRACE_MS}`, ...POLICY].flatMap((setting) => ['--set', setting])
/** With a variable of its own, Back has a process of its own where workers are threads as well. */
const APART = ['--set', 'Back.env.APART=yes']
const FLAGS = ['--api-workers', '2', ...APART, ...SETTINGS]
const OUTAGE_MS = 4_000
/** Once it is known that nobody is there, saying so takes next to nothing. */
const QUICKLY_MS = 100
const RECOVERED_WITHIN_MS = 5_000

/** A dependency with one worker: killed, which is over within the grace; then killed and broken, which is not. */
export async function outage({ quick, slack, nodes, results }) {
  const blips = []
  const outages = []
  for (const node of nodes) {
    blips.push(await killed({ node, count: quick ? 2 : 4, results }))
    outages.push(await broken({ node, results }))
  }
  const sum = (key, list) => list.reduce((total, one) => total + one[key], 0)
  const worst = (key) => Math.round(Math.max(...outages.map((one) => one[key])))
  const waited = sum('foreign', blips)
  const waitText = 'calls wait for a dependency that is back within the grace'
  results.target(waitText, waited === 0, `${waited} failed that it did not have in flight`)
  const untyped = sum('untyped', outages)
  const refused = sum('refused', outages)
  const typedText = 'in an outage they get a typed 503 with Retry-After'
  results.target(typedText, untyped === 0 && refused > 0, `${untyped} of ${refused + untyped} got something else`)
  const limit = QUICKLY_MS * slack
  const quickText = `within ${limit} ms once the grace is over`
  results.target(quickText, worst('slowestMs') <= limit, `${worst('slowestMs')} ms at worst`)
  const unrelated = sum('unrelated', outages)
  results.target('requests that do not need it are served', unrelated === 0, `${unrelated} failed`)
  const recovered = worst('recoveredMs')
  results.target('recovery needs no action', recovered <= RECOVERED_WITHIN_MS, `${recovered} ms after the repair`)
}

async function killed({ node, count, results }) {
  const { project, server, load } = await begin(node)
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
  await server.stop()
  const journal = await readJournal(project.journal)
  await project.remove()
  const hadInHand = (failure) => victims.some((pid) => journal.hadInHand({ pid }, failure)) || wasLost(failure)
  const foreign = report.failures.filter((failure) => !hadInHand(failure))
  const events = `${count} kills of its only worker`
  const row = { scenario: 'a dependency is killed', server: server.name, node: node.version, events }
  results.row({ ...row, report, note: `not in flight in it: ${foreign.length}`, odd: foreign })
  return { foreign: foreign.length }
}

async function broken({ node, results }) {
  const { project, server, load } = await begin(node)
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
  await server.stop()
  await project.remove()
  const typed = report.failures.filter(isTyped503)
  const untyped = report.failures.filter((failure) => !isTyped503(failure) && !wasLost(failure))
  const afterGrace = typed.filter(({ at }) => at > downAt + GRACE_MS)
  const slowestMs = Math.max(0, ...afterGrace.map(({ ms }) => ms - report.loopDelayMs))
  const unrelated = report.profiles.busy.failed + report.profiles.newConnection.failed
  const events = `${OUTAGE_MS / 1000} s without it, ${GRACE_MS / 1000} s grace`
  const note = `refused within ${Math.round(slowestMs)} ms after the grace, back ${recoveredMs} ms after the repair`
  const row = { scenario: 'a dependency is broken', server: server.name, node: node.version, events }
  results.row({ ...row, report, note, odd: untyped, since: downAt })
  return { untyped: untyped.length, refused: typed.length, slowestMs, unrelated, recoveredMs }
}

async function begin(node) {
  const project = await makeProject()
  const server = await startEkiben({
    node: node.binary,
    project,
    flags: FLAGS,
    env: { CHAOS_JOURNAL: project.journal },
  })
  return { project, server, load: await startLoad(server.port, CLIENTS) }
}

/** Sent to the worker that was killed, which may not have read it yet. */
function wasLost({ text }) {
  return text?.includes('"EKB_ERR_WORKER_LOST"') === true
}

function isTyped503({ status, text, retryAfter }) {
  return status === 503 && Number(retryAfter) > 0 && text.includes('"EKB_ERR_DEPENDENCY_DOWN"')
}
