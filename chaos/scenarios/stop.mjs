import { setTimeout as sleep } from 'node:timers/promises'
import { makeProject } from '../deploys.mjs'
import { startLoad } from '../load/start-load.mjs'
import { startEkiben } from '../servers/ekiben.mjs'

/** They give the workers something to finish, so that the stop takes its time. */
const BUSY = { waiter: 4, slowReader: 1 }
const CALLERS = { newConnection: 6 }
const FLAGS = ['--api-workers', '2', '--workers', 'Back=2']
const WITHIN_MS = 100

/** A graceful stop while clients keep connecting: each is served or refused, soon. */
export async function stop({ quick, slack, nodes, results }) {
  const stops = quick ? 2 : 5
  const limit = WITHIN_MS * slack
  const total = { wrong: 0, atOnce: 0, slowestMs: 0, codes: new Set() }
  for (const node of nodes) {
    const all = { sent: 0, failed: 0, outcomes: { refused: 0 }, slowest: [{ ms: 0 }] }
    const odd = []
    for (let at = 0; at < stops; at++) {
      const { report, code, stoppedAt } = await stopOnce(node)
      const within = limit + report.loopDelayMs
      // Between the last look at the queue and the end of the socket the kernel may have taken one more, which it
      // resets at once: no process can close that gap.
      const atOnce = report.failures.filter(({ outcome, ms }) => outcome === 'reset' && ms <= within)
      const wrong = report.failures.filter((failure) => {
        return !atOnce.includes(failure) && (failure.outcome !== 'refused' || failure.ms > within)
      })
      total.atOnce += atOnce.length
      // Of those that were begun before the stop the slowest is no business of it.
      const slowest = report.slowest.find((answer) => answer.at >= stoppedAt) ?? { ms: 0 }
      odd.push(...wrong)
      all.sent += report.sent
      all.failed += wrong.length
      all.outcomes.refused += report.outcomes.refused
      if (slowest.ms > all.slowest[0].ms) all.slowest = [slowest]
      total.slowestMs = Math.max(total.slowestMs, slowest.ms - report.loopDelayMs)
      total.codes.add(code)
    }
    total.wrong += all.failed
    const row = { scenario: 'connecting during a stop', server: 'ekiben', node: node.version, events: `${stops} stops` }
    results.row({ ...row, report: all, odd, note: 'refused is right here' })
  }
  const slowest = `the slowest answer took ${Math.round(total.slowestMs)} ms`
  const figure = `${total.wrong} were not, ${total.atOnce} were reset at once, ${slowest}`
  const text = `who connects during a stop is served or refused within ${limit} ms, never reset later`
  results.target(text, total.wrong === 0 && total.slowestMs <= limit, figure)
  const codes = [...total.codes].join(', ')
  results.target('each of these stops ends with code 0', codes === '0', `exit ${codes}`)
}

async function stopOnce(node) {
  const project = await makeProject()
  const server = await startEkiben({ node: node.binary, project, flags: FLAGS })
  const busy = await startLoad(server.port, BUSY)
  await sleep(700)
  const callers = await startLoad(server.port, CALLERS)
  await sleep(100)
  const stoppedAt = Date.now()
  const stopped = server.stop()
  await sleep(400)
  const finished = busy.stop()
  const code = await stopped
  await finished
  await sleep(200)
  const report = await callers.stop()
  await project.remove()
  return { report, code, stoppedAt }
}
