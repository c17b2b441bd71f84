import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { FOUND_WITHIN_MS, LOOK_AGAIN_MS, type TestedHost } from './tested-host.js'

/** What goes on at the moment of a stop. */
const IN_FLIGHT = 20
const STREAMS = 3
const ASKING = 4

/** Of a service that gives its calls little time. */
export async function endsInTime(host: TestedHost): Promise<void> {
  const response = await host.post('/hold')
  assert.equal(response.status, 504)
  await host.refusal(response, 'EKB_ERR_TIMEOUT')
}

/**
 * Of a service that runs one call at a time and lets one wait: of three that last, one too many. `status`: 429 where the
 * service is the host's own, 503 where it is one that it depends on.
 */
export async function refusesOverload(host: TestedHost, status = 429): Promise<void> {
  const leaving = new AbortController()
  const held = [1, 2, 3].map(() => hold(host.url, leaving.signal))
  const refused = await Promise.any(held)
  assert.equal(refused.status, status)
  assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  await host.refusal(refused, 'EKB_ERR_OVERLOADED')
  leaving.abort()
  await Promise.allSettled(held)
  // Clients that have left make room for others.
  for (const giveUpAt = performance.now() + FOUND_WITHIN_MS; ; await sleep(LOOK_AGAIN_MS)) {
    const response = await host.post('/pass', {}, { headers: { connection: 'close' } })
    await response.text()
    if (response.status === 200) return
    assert.equal(response.status, status)
    assert.ok(performance.now() < giveUpAt, 'there is no room again')
  }
}

/**
 * Calls, streams, a request half sent, idle connections, and clients who go on asking, at the moment of the stop: all that was
 * begun is answered, to its end, and what is taken meanwhile as well. Who asks meanwhile is not told that the host is ready.
 */
export async function drainsUnderLoad(host: TestedHost, stop: () => Promise<void>): Promise<void> {
  const [idle, other] = [await idleConnection(host.url), await idleConnection(host.url)]
  const streams = await Promise.all(Array.from({ length: STREAMS }, () => openStream(host)))
  const half = await halfRequest(host.url)
  const ids = Array.from({ length: IN_FLIGHT }, (_, at) => `late-${at}`)
  const calls = ids.map((id, at) => {
    const connection = at % 2 === 0 ? 'close' : 'keep-alive'
    return host.post('/wait', { ms: 400 }, { headers: { 'x-request-id': id, connection } })
  })
  for (const id of ids) await host.happened(`began ${id}`)
  const asking = Array.from({ length: ASKING }, () => askOn(host))
  const stopped = stop()
  for (const rest of streams) assert.equal(await rest(), '{"n":1}\n{"n":2}\n')
  // The streams have ended because the stop has begun. A host may be deaf by now.
  const said = host.traits.noSystemRoutes === true ? undefined : await other.ask('/readyz')
  assert.ok(said === undefined || said === 503, `/readyz says ${said} while the host is stopping`)
  assert.deepEqual(await half.finish(), { status: 200, body: '{"words":2}' })
  for (const [at, call] of calls.entries()) {
    const response = await call
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('x-request-id'), ids[at])
    assert.equal(typeof (await response.json()), 'object')
  }
  await Promise.all([stopped, idle.closed, ...asking])
  await assert.rejects(host.post('/count', { text: 'late' }), TypeError, 'a request after the stop')
}

/** Opens a stream that lasts until the stop begins, and gives what reads it to its end. */
async function openStream(host: TestedHost): Promise<() => Promise<string>> {
  const { body } = await host.post('/lasting', {}, { headers: { connection: 'close' } })
  const parts = (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
  let streamed = (await parts.read()).value ?? ''
  return async () => {
    for (let part = await parts.read(); !part.done; part = await parts.read()) streamed += part.value
    return streamed
  }
}

/** Asks again and again, each time on a connection of its own, until nobody takes it: whoever is taken gets a whole answer. */
async function askOn(host: TestedHost): Promise<void> {
  for (;;) {
    const response = await host.post('/count', { text: 'a b' }, { headers: { connection: 'close' } }).catch(() => {})
    if (response === undefined) return
    const body = await response.text()
    if (response.status !== 503) assert.deepEqual([response.status, body], [200, '{"words":2}'])
  }
}

interface HalfRequest {
  /** Sends the rest, and gives the answer. */
  finish(): Promise<{ readonly status: number | undefined; readonly body: string }>
}

/** A request of which the host has taken the head and the first half of the body. */
async function halfRequest(url: string): Promise<HalfRequest> {
  const [first, second] = ['{"text":', '"a b"}']
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(first + second),
    // Its answer to this word tells that it has begun.
    expect: '100-continue',
    connection: 'close',
  }
  const sent = request(`${url}/count`, { method: 'POST', agent: false, headers })
  sent.flushHeaders()
  await once(sent, 'continue')
  sent.write(first)
  return {
    finish: async () => {
      const answered = once(sent, 'response')
      sent.end(second)
      const [response] = (await answered) as [IncomingMessage]
      return { status: response.statusCode, body: await text(response) }
    },
  }
}

/** On a connection of its own: fetch opens another for each whose client has left, and keeps it for seconds. */
async function hold(url: string, signal: AbortSignal): Promise<Response> {
  const sent = request(`${url}/hold`, { method: 'POST', agent: false, signal }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const init = { status: response.statusCode ?? 0, headers: response.headers as Record<string, string> }
  return new Response(await text(response), init)
}

interface IdleConnection {
  readonly closed: Promise<unknown>
  /** The status that a path is answered with, on it or, where it has been closed, on another; undefined: there is no answer. */
  ask(path: string): Promise<number | undefined>
}

/** A connection that has had its answer, and is kept. */
async function idleConnection(url: string): Promise<IdleConnection> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const sent = request(`${url}/happened`, { method: 'POST', agent, headers: { 'content-type': 'application/json' } })
  sent.end('{}')
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const socket: Socket = response.socket
  const closed = once(socket, 'close')
  await once(response.resume(), 'end')
  const ask = (path: string): Promise<number | undefined> =>
    new Promise((resolve) => {
      const asked = request(url + path, { agent, headers: { connection: 'close' } }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      asked.on('error', () => resolve(undefined)).end()
    })
  return { closed, ask }
}
