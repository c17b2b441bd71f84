import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type NodeExit, type RunNodeOptions, runNodeToEnd } from './run-node.js'
import { type ServingCommand, startServing } from './serving-command.js'

export const EKIBEN = fileURLToPath(new URL('../../packages/core/bin/ekiben.js', import.meta.url))
export const SERVICES = fileURLToPath(new URL('../fixtures/services/', import.meta.url))

const QUIET = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json']

/** `ekiben serve` on a fixture, ready to be called. Give it to `await using`. */
export function serveFixture(
  identifier: string,
  flags: readonly string[] = [],
  options: RunNodeOptions = {},
): Promise<ServingCommand> {
  return startServing([EKIBEN, 'serve', identifier, ...QUIET, ...flags], { cwd: SERVICES, ...options })
}

/** `ekiben serve` on a fixture that does not come up, to its end. */
export function failFixture(
  identifier: string,
  flags: readonly string[] = [],
  options: RunNodeOptions = {},
): Promise<NodeExit> {
  return runNodeToEnd([EKIBEN, 'serve', identifier, ...QUIET, ...flags], { cwd: SERVICES, ...options })
}

export interface Answer<T> {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: T
}

/** POSTs JSON to an api, on a connection of its own: any worker may take it. */
export async function call<T>(url: string, route: string, input: unknown = {}): Promise<Answer<T>> {
  const headers = { 'content-type': 'application/json' }
  const sent = request(`${url}/${route}`, { method: 'POST', headers, agent: false }).end(JSON.stringify(input))
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const body = await text(answer)
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    body: (body === '' ? undefined : JSON.parse(body)) as T,
  }
}

/** The JSON log lines among what it wrote to stdout. */
export function logLines(stdout: string): { readonly msg?: string; readonly [field: string]: unknown }[] {
  return stdout.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Record<string, unknown>]
    } catch {
      return []
    }
  })
}
