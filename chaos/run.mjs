/**
 * Counts the requests that get lost while servers are reloaded, killed, broken and stopped: Ekiben, and beside it
 * node:cluster and PM2 doing the same where they can.
 *
 *   npm run chaos                       all of it, on Node 20, 22 and 24: up to 15 minutes
 *   npm run chaos -- --quick            about two minutes, on this Node, Ekiben alone
 *   npm run chaos -- reload kill        only the scenarios whose name contains a word
 *   npm run chaos -- --node 24          on this line of Node (repeat)
 *   npm run chaos -- --threaded         with workers that are threads
 *   npm run chaos -- --no-peers         Ekiben alone (--quick --peers: the others too)
 *
 * Prints a table and the targets; ends with code 1 when one is not met. See docs/reliability.md.
 */
import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { nodeBinary } from '../scripts/node-versions.mjs'
import { setup } from '../scripts/setup.mjs'
import { cleanUp, wasInterrupted } from './cleanup.mjs'
import { formatResults, Results } from './results.mjs'
import { badDeploy } from './scenarios/bad-deploy.mjs'
import { idle } from './scenarios/idle.mjs'
import { kill } from './scenarios/kill.mjs'
import { manyReloads } from './scenarios/many-reloads.mjs'
import { outage } from './scenarios/outage.mjs'
import { reload } from './scenarios/reload.mjs'
import { stop } from './scenarios/stop.mjs'
import { supervisorKill } from './scenarios/supervisor-kill.mjs'
import { wedge } from './scenarios/wedge.mjs'
import { installPm2 } from './servers/pm2.mjs'

const SCENARIOS = {
  reload,
  kill,
  'bad-deploy': badDeploy,
  wedge,
  outage,
  'supervisor-kill': supervisorKill,
  stop,
  'many-reloads': manyReloads,
  idle,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    quick: { type: 'boolean', default: false },
    node: { type: 'string', multiple: true },
    peers: { type: 'boolean' },
    threaded: { type: 'boolean', default: false },
  },
})
// As a flag would, for every Ekiben that is started.
if (values.threaded) process.env.EKIBEN_THREADED = 'true'
const names = Object.keys(SCENARIOS)
const chosen = names.filter((name) => positionals.length === 0 || positionals.some((word) => asksFor(word, name)))
if (chosen.length === 0) {
  process.stderr.write(`No scenario ${positionals.join(' ')}. There are: ${names.join(', ')}\n`)
  process.exit(2)
}

await setup()
const say = (text) => process.stderr.write(`${text}\n`)
const results = new Results(say)
let failed = 0
try {
  // Short runs are for machines that do other things at once (CI): only what gets lost is judged by the same measure.
  const slack = values.quick ? 5 : 1
  const context = { quick: values.quick, slack, ...(await servers()), results }
  for (const name of chosen) {
    const from = Date.now()
    say(`── ${name}`)
    try {
      await SCENARIOS[name](context)
    } catch (error) {
      if (wasInterrupted()) await new Promise(() => {})
      failed++
      say(`${name} could not be run: ${error.stack}`)
    } finally {
      await cleanUp()
    }
    say(`   ${((Date.now() - from) / 1000).toFixed(0)} s`)
  }
} finally {
  await cleanUp()
}
report()

/** A whole name means that one alone. */
function asksFor(word, name) {
  return names.includes(word) ? word === name : name.includes(word)
}

/** The Nodes to run on, and what else there is to compare with. */
async function servers() {
  const wanted = values.node ?? (values.quick ? [] : ['20', '22', '24'])
  const nodes = []
  for (const line of wanted) {
    const binary = await nodeBinary(line)
    nodes.push({ version: line, binary })
  }
  const current = { version: process.versions.node.split('.')[0], binary: process.execPath }
  if (nodes.length === 0) nodes.push(current)
  const withPeers = values.peers ?? !values.quick
  return { nodes, current: nodes[0], peers: withPeers ? { pm2: await installPm2() } : undefined }
}

function report() {
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'})`
  process.stdout.write(`Node ${process.versions.node}, ${machine}, load average ${loadavg()[0].toFixed(1)}\n\n`)
  process.stdout.write(`${formatResults(results)}\n`)
  const met = results.targets.filter((target) => target.met).length
  failed += results.targets.length - met
  for (const { text, why } of results.skipped) process.stdout.write(`skipped: ${text}: ${why}\n`)
  process.stdout.write(`${met} passed, ${failed} failed, ${results.skipped.length} skipped\n`)
  process.exitCode = failed === 0 ? 0 : 1
}
