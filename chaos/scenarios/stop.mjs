import { setTimeout as sleep } from 'node:timers/promises'
import { makeProject } from '../deploys.mjs'
import { startLoad } from '../load/start-load.mjs'
import { describeFailures } from '../results.mjs'
import { startEkiben } from '../servers/ekiben.mjs'

const WAITERS = { waiter: 4, slowReader: 1 }
const CALLERS = { newConnection: 6 }
const FLAGS = ['--api-workers', '2', '--workers', 'Back=2']
const WITHIN_MS = 100

/** A graceful stop while clients keep connecting: each is served or refused, soon. */
export async function stop({ quick, nodes, results, say }) {
  const stops = quick ? 2 : 8
  const all = { wrong: 0, slowestMs: 0, codes: new Set() }
  for (const node of nodes) {
    const total = { sent: 0, failed: 0, slowest: [{ ms: 0 }], refused: 0 }
    for (let at = 0; at < stops; at++) {
      const { report, code } = await stopOnce(node)
      const wrong = report.failures.filter(({ outcome, ms }) => outcome !== 'refused' || ms > WITHIN_MS)
      total.sent += report.sent
      total.failed += wrong.length
      total.refused += report.outcomes.refused
      total.slowest[0].ms = Math.max(total.slowest[0].ms, report.slowest[0]?.ms ?? 0)
      all.wrong += wrong.length
      all.codes.add(code)
      for (const failure of wrong.slice(0, 3)) say(`   stop ${at}: ${JSON.stringify(failure)}`)
      if (wrong.length > 0) say(`   stop ${at}: ${describeFailures(report)}`)
    }
    all.slowestMs = Math.max(all.slowestMs, total.slowest[0].ms)
    const note = `${total.refused} refused`
    results.row({
      scenario: 'connecting during a stop',
      server: 'ekiben',
      node: node.version,
      events: `${stops} stops`,
      report: total,
      note,
    })
    say(
      `   Node ${node.version}: ${total.failed} of ${total.sent} neither served nor refused; ${note}; slowest ${total.slowest[0].ms.toFixed(0)} ms`,
    )
  }
  const figure = `${all.wrong} neither, the slowest answer took ${Math.round(all.slowestMs)} ms`
  results.target(
    `who connects during a stop is served or refused within ${WITHIN_MS} ms, never reset`,
    all.wrong === 0 && all.slowestMs <= WITHIN_MS,
    figure,
  )
  const codes = [...all.codes].join(', ')
  results.target('each stop ends with code 0', codes === '0', `exit ${codes}`)
}

async function stopOnce(node) {
  const project = await makeProject()
  const server = await startEkiben({ node: node.binary, project, flags: FLAGS })
  // They give the workers something to finish, so that the stop takes its time.
  const waiters = await startLoad(server.port, WAITERS)
  const callers = await startLoad(server.port, CALLERS)
  await sleep(700)
  const stopped = server.stop()
  await sleep(400)
  const waited = waiters.stop()
  const code = await stopped
  await waited
  await sleep(200)
  const report = await callers.stop()
  await project.remove()
  return { report, code }
}
