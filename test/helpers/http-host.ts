import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import type { DrainReport } from '../../packages/core/build/http/host-drain.js'
import { NodeHost, type NodeHostOptions } from '../../packages/core/build/http/node-host.js'
import { Runner } from '../../packages/core/build/runner/runner.js'
import { definitionOf } from '../../packages/core/build/service/registry.js'
import type { ServiceClass } from '../../packages/core/build/service/service-definition.js'
import type { Issued } from './certificates.js'
import { waitUntil } from './wait-until.js'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: Record<string, unknown>
  readonly message: string | undefined
}

export interface TestHost extends AsyncDisposable {
  readonly host: NodeHost
  readonly runner: Runner
  readonly port: number
  readonly url: string
  readonly log: readonly LogLine[]
  drain(keepAliveDrainMs: number, deadlineMs: number): Promise<DrainReport>
}

/** How a host encrypts with this certificate and nothing else set. */
export function encrypting({ cert, key }: Issued): NonNullable<NodeHostOptions['tls']> {
  return {
    cert,
    key,
    ca: undefined,
    clientCert: undefined,
    ciphers: undefined,
    minVersion: 'TLSv1.2',
    ticketKeys: Buffer.alloc(48, 1).toString('base64'),
    sessionContext: 'test',
  }
}

/** A service on the built-in host, in this process, on a free port of loopback. Give it to `await using`. */
export async function startHost(service: ServiceClass, options: Partial<NodeHostOptions> = {}): Promise<TestHost> {
  const definition = definitionOf(service)
  if (definition === undefined) throw new Error('not a service')
  const lines: LogLine[] = []
  const log = recordingLog(lines)
  const runner = new Runner({ definition, instance: new (service as new () => object)(), slot: 0, log })
  const host = new NodeHost({
    definition,
    handler: runner.invoke.bind(runner),
    log,
    accessLog: true,
    keepAliveTimeoutMs: 60_000,
    timeoutMs: undefined,
    isReady: () => true,
    ...options,
  })
  const { port = 0 } = (await host.listen({ port: 0, host: '127.0.0.1', backlog: 64 })) ?? {}
  return {
    host,
    runner,
    port,
    url: `http://127.0.0.1:${port}`,
    log: lines,
    drain: (keepAliveDrainMs, deadlineMs) => host.drain({ keepAliveDrainMs, deadlineMs }),
    [Symbol.asyncDispose]: () => host.close(),
  }
}

/** POSTs JSON, or what is given as a string or bytes with a content type. */
export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<{ status: number; headers: Headers; text: string; json: () => ErrorAnswer }> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array || body === undefined
  const sent = isRaw ? (body as string | Uint8Array | undefined) : JSON.stringify(body)
  const response = await fetch(url, { method: 'POST', headers, ...(sent !== undefined && { body: sent }) })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) }
}

export interface ErrorAnswer {
  readonly error: string
  readonly code: string
  readonly statusCode: number
  readonly detail?: unknown
  readonly requestId: string
}

/** A connection that writes what it is told, byte by byte if need be, and keeps what comes back. */
export interface RawClient extends AsyncDisposable {
  readonly socket: Socket
  readonly received: string
  readonly state: 'open' | 'ended' | 'reset'
  write(text: string): void
  /** Until so many answers have come in whole. */
  answers(count: number): Promise<string[]>
  /** Until the server has closed the connection; how. */
  closed(): Promise<'ended' | 'reset'>
}

export async function rawClient(port: number): Promise<RawClient> {
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
  let received = ''
  let state: RawClient['state'] = 'open'
  socket.setEncoding('utf8')
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.on('error', () => {
    state = 'reset'
  })
  socket.on('close', () => {
    if (state === 'open') state = 'ended'
  })
  await once(socket, 'connect')
  const describe = () => `an answer; state ${state}, received ${JSON.stringify(received)}`
  return {
    socket,
    get received() {
      return received
    },
    get state() {
      return state
    },
    write: (text) => void socket.write(text),
    answers: (count) =>
      waitUntil(
        () => {
          const answers = splitAnswers(received)
          return answers.length >= count ? answers : undefined
        },
        { describe },
      ),
    closed: () => waitUntil(() => (state === 'open' ? undefined : state), { describe }),
    [Symbol.asyncDispose]: async () => {
      socket.destroy()
    },
  }
}

/** The text of one POST with a JSON body. */
export function postText(path: string, body: unknown, headers: readonly string[] = []): string {
  const text = JSON.stringify(body)
  const lines = [`POST ${path} HTTP/1.1`, 'host: test', 'content-type: application/json', ...headers]
  return `${[...lines, `content-length: ${Buffer.byteLength(text)}`].join('\r\n')}\r\n\r\n${text}`
}

/** Whole answers; each has a content-length. */
function splitAnswers(text: string): string[] {
  const answers: string[] = []
  let rest = text
  for (;;) {
    const head = rest.indexOf('\r\n\r\n')
    if (head === -1) return answers
    const isInterim = rest.startsWith('HTTP/1.1 100')
    const length = isInterim ? 0 : Number(/content-length: (\d+)/i.exec(rest.slice(0, head))?.[1] ?? 0)
    const end = head + 4 + length
    if (rest.length < end) return answers
    answers.push(rest.slice(0, end))
    rest = rest.slice(end)
  }
}

/** A logger that keeps what it is told. */
export function recordingLog(lines: LogLine[], bindings: object = {}): NodeHostOptions['log'] {
  const at = (level: LogLine['level']) => (fields: object, message?: string) => {
    lines.push({ level, fields: { ...bindings, ...fields }, message })
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => recordingLog(lines, { ...bindings, ...more }),
  }
}
