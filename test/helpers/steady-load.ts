import { Agent, type ClientRequest, type RequestOptions, request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface LoadOutcome {
  readonly ok: number
  /** What became of the others: status and body, or the error. */
  readonly failed: readonly string[]
}

/** Given to `await using`, it ends with a test that fails. */
export interface SteadyLoad extends AsyncDisposable {
  /** Requests that were answered with 200 so far. */
  readonly ok: () => number
  /** Lets every client finish its request; resolves with what became of all. */
  readonly stop: () => Promise<LoadOutcome>
}

/** A URL, or the path of a Unix socket. */
export type LoadTarget = string | { readonly socketPath: string }

/**
 * So many clients POST to an api, each one request after the other: half of them keep their connection, the others
 * open one for each request.
 */
export function steadyLoad(target: LoadTarget, clients: number, body: unknown = {}): SteadyLoad {
  const outcome = { ok: 0, failed: [] as string[] }
  const agents: Agent[] = []
  let isGoing = true
  const run = async (agent: Agent | false): Promise<void> => {
    while (isGoing) {
      const result = await ask(target, agent, JSON.stringify(body)).catch(String)
      if (result === 200) outcome.ok++
      else outcome.failed.push(String(result))
    }
  }
  const running = Array.from({ length: clients }, (_, index) => {
    if (index % 2 === 1) return run(false)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    agents.push(agent)
    return run(agent)
  })
  const stop = async (): Promise<LoadOutcome> => {
    isGoing = false
    await Promise.all(running)
    for (const agent of agents) agent.destroy()
    return outcome
  }
  return { ok: () => outcome.ok, stop, [Symbol.asyncDispose]: async () => void (await stop()) }
}

function ask(target: LoadTarget, agent: Agent | false, body: string): Promise<number | string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const sent = send(target, { method: 'POST', headers, agent })
    sent.on('response', (answer) => {
      text(answer).then((said) => resolve(answer.statusCode === 200 ? 200 : `${answer.statusCode} ${said}`), reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function send(target: LoadTarget, options: RequestOptions): ClientRequest {
  return typeof target === 'string' ? request(target, options) : request({ ...target, ...options })
}
