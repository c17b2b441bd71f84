import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type NodeExit, type NodeRun, type RunNodeOptions, runNodeToEnd } from './run-node.js'
import { EKIBEN } from './serve-fixture.js'
import { waitUntil } from './wait-until.js'

/** The control socket of the one instance of a run, as soon as it is there. */
export function controlSocket({ runtimeDir }: Pick<NodeRun, 'runtimeDir'>): Promise<string> {
  return waitUntil(
    async () => {
      for (const name of await readdir(runtimeDir)) {
        if ((await readdir(join(runtimeDir, name))).includes('control.sock')) {
          return join(runtimeDir, name, 'control.sock')
        }
      }
      return undefined
    },
    { describe: 'a control socket' },
  )
}

export interface SocketAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface SocketRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** One request over a Unix socket, as curl would send it. */
export async function askSocket(socketPath: string, path: string, options: SocketRequest = {}): Promise<SocketAnswer> {
  const { method = 'GET', headers = {}, body } = options
  const sent = request({ socketPath, path, method, headers, agent: false }).end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  // A long body is followed by an empty write, which finds the connection closed by the side that has answered.
  sent.on('error', () => {})
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) }
}

/** `ekiben ...args` beside a running instance, to its end. */
export function steer(
  { runtimeDir }: Pick<NodeRun, 'runtimeDir'>,
  args: readonly string[],
  options: RunNodeOptions = {},
): Promise<NodeExit> {
  return runNodeToEnd([EKIBEN, ...args], { ...options, runtimeDir })
}

/** An element of `ekiben ps --json`. */
export interface Shown {
  readonly instance: string
  readonly pid: number
  readonly url: string | null
  readonly state: string
  readonly lastReload: {
    readonly at: string
    readonly result: string
    readonly reason: string | null
    readonly from: { readonly generation: number }
    readonly to: { readonly generation: number; readonly workingDir: string } | null
  } | null
  readonly services: readonly {
    readonly name: string
    readonly target: number
    readonly workers: readonly {
      readonly slot: number
      readonly pid: number | null
      readonly threadId?: number
      readonly state: string
      readonly rssBytes: number | null
      readonly inFlight: number | null
      readonly oldestCallMs: number | null
      readonly loopUtilization: number | null
    }[]
  }[]
}

/** What `ekiben ps --json` shows beside a running instance, which can be asked a moment after it is ready. */
export function shownBy(run: Pick<NodeRun, 'runtimeDir'>): Promise<Shown[]> {
  return waitUntil(
    async () => {
      const { code, stdout, stderr } = await steer(run, ['ps', '--json'])
      assert.deepEqual([code, stderr], [0, ''])
      const shown = JSON.parse(stdout) as Shown[]
      const isAsked = ({ url, state }: Shown): boolean => url !== null || state !== 'starting'
      return shown.every(isAsked) ? shown : Promise.reject(new Error(stdout))
    },
    { timeoutMs: 30_000, describe: 'instances that say how they are' },
  )
}
