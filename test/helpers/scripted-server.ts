import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { freePort } from './socket-facts.js'

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** Aborts when the client leaves before the answer's end. */
  readonly left: AbortSignal
}

export interface ScriptedServer extends AsyncDisposable {
  readonly url: string
  /** All that was asked, in order. */
  readonly received: readonly Received[]
}

export type Script = (request: Received, response: ServerResponse) => unknown

/** A server that answers as the test says, on a free port of loopback. Give it to `await using`. */
export async function startScripted(script: Script): Promise<ScriptedServer> {
  const received: Received[] = []
  const server = createServer((incoming, response) => {
    const left = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) left.abort()
    })
    const answer = async () => {
      const { method = '', url = '', headers } = incoming
      const request = { method, path: url, headers, body: await buffer(incoming), left: left.signal }
      received.push(request)
      await script(request, response)
    }
    // A script that fails shows as an answer that never came whole.
    answer().catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value))
}

/** The address of a port on which nobody listens. */
export async function closedUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`
}

/** The fields of a form, files as `[name, text, file name, type]`. */
export async function formOf({ headers, body }: Received): Promise<string[][]> {
  const type = headers['content-type'] ?? ''
  const form = await new Response(body as Uint8Array<ArrayBuffer>, { headers: { 'content-type': type } }).formData()
  const parts: string[][] = []
  for (const [name, value] of form) {
    parts.push(typeof value === 'string' ? [name, value] : [name, await value.text(), value.name, value.type])
  }
  return parts
}
