import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { Agent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { callSecurely } from './tls-project.js'
import { waitUntil } from './wait-until.js'

export interface TlsLoad extends AsyncDisposable {
  /** Requests that were answered so far, by each client. */
  readonly answered: readonly number[]
  /** Lets every client finish its request; resolves with what went wrong. */
  stop(): Promise<readonly string[]>
}

/** How one client asks once: on its lasting connection, on a new one, or among others over HTTP/2. */
type Ask = () => Promise<void>

/**
 * Clients of every kind POST to an api, one request after the other, until they are told to stop: some keep their
 * connection, some open one for each request, some share a connection of HTTP/2. Each pauses now and then, as people do.
 */
export function tlsLoad(target: string, ca: string, { speaksHttp2 = true } = {}): TlsLoad {
  const lasting = [1, 2, 3].map(() => new Agent({ ca, keepAlive: true, maxSockets: 1 }))
  const session = new SharedSession(target, ca)
  const clients: Ask[] = [
    ...lasting.map((agent) => () => ask(target, agent)),
    ...[1, 2].map(() => () => ask(target, new Agent({ ca, keepAlive: false }))),
    ...(speaksHttp2 ? [1, 2, 3] : []).map(() => () => session.ask()),
  ]
  const answered = clients.map(() => 0)
  const failures: string[] = []
  let isGoing = true
  const run = async (client: Ask, index: number): Promise<void> => {
    while (isGoing) {
      try {
        await client()
        answered[index] = (answered[index] ?? 0) + 1
      } catch (error) {
        failures.push(`client ${index}: ${String(error)}`)
      }
      if ((answered[index] ?? 0) % 20 === 0) await sleep(50 * index)
    }
  }
  const running = Promise.all(clients.map(run))
  const stop = async (): Promise<readonly string[]> => {
    isGoing = false
    await running
    for (const agent of lasting) agent.destroy()
    session.close()
    return failures
  }
  return { answered, stop, [Symbol.asyncDispose]: async () => void (await stop()) }
}

/** Waits until each client was answered a good deal more often than until now. */
export async function answeredMore({ answered }: TlsLoad): Promise<void> {
  const before = [...answered]
  await waitUntil(() => answered.every((count, index) => count > (before[index] ?? 0) + 20), {
    timeoutMs: 60_000,
    describe: () => `answers to every client, of ${before}: ${answered}`,
  })
}

async function ask(target: string, agent: Agent): Promise<void> {
  const { status, body } = await callSecurely(target, { agent })
  if (status !== 200) throw new Error(`${status} ${body}`)
}

/** A connection that its users share. As RFC 9113 (6.8) has it, what GOAWAY says was not looked at is asked again. */
class SharedSession {
  readonly #target: URL
  readonly #ca: string
  #session: ClientHttp2Session | undefined

  constructor(target: string, ca: string) {
    this.#target = new URL(target)
    this.#ca = ca
  }

  async ask(): Promise<void> {
    for (;;) if (await this.#ask(this.#open())) return
  }

  close(): void {
    this.#session?.close()
  }

  #open(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = connect(this.#target.origin, { ca: this.#ca })
      // Each request tells of it, too.
      this.#session.on('error', () => {})
    }
    return this.#session
  }

  /** False: it was not looked at. */
  #ask(session: ClientHttp2Session): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const head = { ':method': 'POST', ':path': this.#target.pathname, 'content-type': 'application/json' }
      const stream = session.request(head)
      let status = 0
      stream.on('response', (headers) => {
        status = headers[':status'] ?? 0
      })
      stream.on('error', (error) => {
        if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) resolve(false)
        else reject(error)
      })
      stream.on('end', () => (status === 200 ? resolve(true) : reject(new Error(`status ${status}`))))
      stream.resume()
      stream.end('{}')
    })
  }
}
