import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Answer } from './serve-fixture.js'

/** POSTs JSON to an api over a Unix socket, on a connection of its own. */
export async function callOver<T>(
  socketPath: string,
  route: string,
  { input = {}, headers = {} }: { readonly input?: unknown; readonly headers?: OutgoingHttpHeaders } = {},
): Promise<Answer<T>> {
  const all = { 'content-type': 'application/json', ...headers }
  const sent = request({ socketPath, path: `/${route}`, method: 'POST', headers: all, agent: false })
  sent.end(JSON.stringify(input))
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const body = await text(answer)
  const isJson = answer.headers['content-type']?.startsWith('application/json') === true
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: (isJson ? JSON.parse(body) : body) as T }
}

export interface SocketFolder extends AsyncDisposable {
  readonly path: string
  /** Where a socket can be, in it. */
  readonly socket: string
}

/** A folder for a Unix socket, with a short path. Give it to `await using`. */
export async function socketFolder(): Promise<SocketFolder> {
  const path = await mkdtemp(join(tmpdir(), 'ekb-'))
  return { path, socket: join(path, 's'), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
