import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'

export interface RunningExpress extends AsyncDisposable {
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
  readonly url: string
}

/** An Express app that listens on a free port of loopback, and what closes with it. Give it to `await using`. */
export async function listen(app: Express, closes: readonly { close(): Promise<void> }[]): Promise<RunningExpress> {
  app.set('env', 'test')
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    post: (path, body = {}, headers = { 'content-type': 'application/json' }) =>
      fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      for (const each of closes) await each.close()
    },
  }
}
