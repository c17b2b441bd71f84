import { setTimeout as sleep } from 'node:timers/promises'
import { makeProject } from '../deploys.mjs'
import { hasProc, processorMsOf } from '../proc.mjs'
import { startEkiben } from '../servers/ekiben.mjs'

const TARGET_PERCENT = 0.5
const FLAGS = ['--api-workers', '2', '--workers', 'Back=2']
const SETTLE_MS = 3_000

/** What a supervisor costs when nothing happens. */
export async function idle({ quick, slack, current, results }) {
  if (!hasProc) {
    results.skip('processor time of an idle supervisor', 'needs /proc')
    return
  }
  const seconds = quick ? 5 : 30
  const percents = []
  for (const node of [current]) {
    const project = await makeProject()
    const server = await startEkiben({ node: node.binary, project, flags: FLAGS })
    await sleep(SETTLE_MS)
    const before = await processorMsOf(server.pid)
    await sleep(seconds * 1000)
    percents.push((((await processorMsOf(server.pid)) - before) / (seconds * 1000)) * 100)
    await server.stop()
    await project.remove()
  }
  const worst = Math.max(...percents)
  const figure = `${worst.toFixed(2)} % over ${seconds} s`
  const limit = TARGET_PERCENT * slack
  results.target(`an idle supervisor takes less than ${limit} % of a core`, worst < limit, figure)
}
