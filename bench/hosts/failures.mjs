/**
 * Requests that fail while an app is reloaded again and again, and while one of its workers is killed (SIGKILL) again and
 * again. Half of the clients keep their connections and think for a while between requests, the other half connect for each.
 */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const CLIENTS = 40
const BODY = '{"text":"The food was wonderful and the staff were kind"}'

/**
 * `{ reloads, kills }` of a server of supervisors.mjs; no kills where its workers are threads. `thinkMs`: how long clients
 * think at most; `requestMs`: after which one without an answer has failed; `settleMs`: between two reloads or kills.
 */
export async function strikeBoth(server, settings) {
  const reloads = await strike(server, settings, () => server.reload())
  if ((await server.workers()).length === 0) return { reloads }
  return { reloads, kills: await strike(server, settings, () => killOne(server)) }
}

/** How many of what was asked failed, and in how many of the strikes, in words. */
export function describeStrikes({ sent, failed, refused, struck, times }) {
  const kinds = [...failed].map(([kind, count]) => `${count} ${kind}`).join(', ')
  const given = refused.length === 0 ? '' : `; ${refused.length} refused: ${refused[0]?.trim().split('\n').at(-1)}`
  const detail = failed.size === 0 ? '' : ` (${kinds}), in ${struck} of ${times}`
  return `${failures({ failed })} of ${sent} requests failed${detail}${given}`
}

export function failures({ failed }) {
  return [...failed.values()].reduce((sum, count) => sum + count, 0)
}

/** What becomes of all requests while `act` is done again and again. */
async function strike({ port }, { times, thinkMs, requestMs, settleMs }, act) {
  const books = { times, sent: 0, failed: new Map(), refused: [], struck: 0 }
  const load = startLoad({ port, thinkMs, requestMs }, books)
  await sleep(settleMs)
  for (let count = 0; count < times; count++) {
    const before = failures(books)
    const reason = await act()
    if (reason !== undefined) books.refused.push(reason)
    await sleep(settleMs)
    if (failures(books) > before) books.struck++
  }
  await load.stop()
  return books
}

async function killOne(server) {
  // One that is started anew has none yet.
  const worker = (await server.workers()).find(({ pid }) => pid !== null)
  process.kill(worker.pid, 'SIGKILL')
}

function startLoad({ port, thinkMs, requestMs }, books) {
  let isGoing = true
  const client = async (index) => {
    const keeps = index % 2 === 0
    const agent = keeps ? new Agent({ keepAlive: true, maxSockets: 1 }) : false
    while (isGoing) {
      await sleep(Math.random() * (keeps ? thinkMs : thinkMs / 20))
      books.sent++
      const outcome = await ask({ port, agent, requestMs }).catch((error) => error.code ?? error.message)
      if (outcome !== 200) books.failed.set(outcome, (books.failed.get(outcome) ?? 0) + 1)
    }
    if (agent !== false) agent.destroy()
  }
  const running = Array.from({ length: CLIENTS }, (_, index) => client(index))
  return {
    async stop() {
      isGoing = false
      await Promise.all(running)
    },
  }
}

function ask({ port, agent, requestMs }) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': BODY.length }
    const signal = AbortSignal.timeout(requestMs)
    const options = { host: '127.0.0.1', port, path: '/classify', method: 'POST', headers, agent, signal }
    const sent = request(options, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode)).on('error', reject)
    })
    sent.on('error', reject)
    sent.end(BODY)
  })
}
