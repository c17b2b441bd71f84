import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface SlotProxyOptions {
  /** The Unix sockets it forwards to. */
  readonly paths: readonly string[]
  /** Which of them a request goes to. */
  readonly choose: (incoming: IncomingMessage, count: number) => number
}

export interface SlotProxy extends AsyncDisposable {
  readonly url: string
}

/** A proxy in front of the workers of an app, each on a socket of its own. Give it to `await using`. */
export async function slotProxy({ paths, choose }: SlotProxyOptions): Promise<SlotProxy> {
  const pathFor = (incoming: IncomingMessage): string => paths[choose(incoming, paths.length)] as string
  const server = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming
    const onward = request({ socketPath: pathFor(incoming), method, path: url, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode as number, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => {
      // Its answer is whole: the client's connection is for the next request.
      if (!outgoing.writableFinished) onward.destroy()
    })
    // At once: a pipe ends it by a write of nothing, which fails where the worker has answered already.
    buffer(incoming).then(
      (body) => onward.end(body),
      () => onward.destroy(),
    )
  })
  server.on('upgrade', (incoming: IncomingMessage, client: Socket, head: Buffer) => {
    const worker = connect(pathFor(incoming))
    worker.write(headOf(incoming))
    worker.write(head)
    worker.pipe(client).pipe(worker)
    for (const [one, other] of [
      [worker, client],
      [client, worker],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** As a proxy does that keeps its clients apart: what a client says of itself says where it goes, always. */
export function byClient({ headers }: IncomingMessage, count: number): number {
  const name = String(headers['x-client'])
  return [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % count
}

/** One after the other, whoever asks. */
export function inTurns(): SlotProxyOptions['choose'] {
  let last = -1
  return (_incoming, count) => {
    last = (last + 1) % count
    return last
  }
}

function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/1.1`]
  for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}
