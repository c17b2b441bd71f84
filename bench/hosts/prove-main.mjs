import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

const WITHIN_MS = 60_000
const PAUSE_MS = 100
/** At once, so that every worker gets some. */
const ASKED = 16

/**
 * Resolves when all workers have answered with what only the app's own main file can tell (told.mjs); throws if anything
 * else answers, or another number of workers.
 */
export async function proveMain(name, { port, main, token, route, workers }) {
  const seen = new Set()
  const until = performance.now() + WITHIN_MS
  while (seen.size < workers && performance.now() < until) {
    for (const told of await Promise.all(Array.from({ length: ASKED }, () => ask(port)))) {
      if (told === undefined) continue
      const isOwn = told.main === main && told.token === token && told.route === route
      if (!isOwn)
        throw new Error(`${name}: not ${main} (${route}) with the token ${token} answers, but ${JSON.stringify(told)}`)
      seen.add(told.worker)
    }
    await sleep(PAUSE_MS)
  }
  if (seen.size !== workers) throw new Error(`${name}: ${seen.size} workers answer, not ${workers}`)
  console.log(`${name}: ${main.split('/').slice(-2).join('/')} (${route}) answers in ${workers} worker(s)`)
}

/** On a connection of its own; undefined: nobody listens yet. */
function ask(port) {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/main', agent: false }, (answer) => {
      json(answer).then(resolve, () => reject(new Error(`/main is answered with ${answer.statusCode}`)))
    })
    sent.on('error', () => resolve(undefined)).end()
  })
}
