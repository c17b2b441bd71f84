import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PoolClient } from '../../packages/core/build/call/pool-client.js'
import { waitUntil } from './wait-until.js'

const READY_WITHIN_MS = 60_000
const FIXTURE = join(__dirname, '../fixtures/calls/worker.cjs')
const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }

export interface WorkerEvent {
  readonly event: string
  readonly slot: number
  readonly name?: unknown
  readonly code?: string
}

export interface WorkerOptions {
  readonly slot?: number
  readonly generation?: number
  readonly schemaHash?: string
  readonly maxConcurrency?: number
}

/** A worker process, as a snapshot lists it. */
export interface CallWorker {
  readonly slot: number
  readonly generation: number
  readonly address: string
  readonly schemaHash: string
  readonly exited: Promise<unknown>
  /** Resolves with the next event of that sort, or one that has come. */
  readonly event: (event: string, name?: unknown) => Promise<WorkerEvent>
  readonly events: readonly WorkerEvent[]
  readonly signal: (signal: NodeJS.Signals) => void
  readonly drain: () => void
}

export interface ClientOptions {
  readonly generation?: number
  readonly schemaHash?: string
  readonly timeoutMs?: number
  readonly maxConcurrency?: number
  readonly maxQueue?: number
  readonly dependencyGraceMs?: number
}

type CallOptions = Omit<Parameters<PoolClient['call']>[2], 'requestId'>

export interface CallPool extends AsyncDisposable {
  readonly folder: string
  readonly start: (options?: WorkerOptions) => Promise<CallWorker>
  readonly client: (options?: ClientOptions) => PoolClient
}

/** Workers and clients of one service in a folder of their own; all are gone when it is disposed of. */
export function openCallPool(): CallPool {
  const folder = mkdtempSync(join(tmpdir(), 'ekb-'))
  const children: ChildProcess[] = []
  const clients: PoolClient[] = []
  return {
    folder,
    async start(options = {}) {
      const { slot = children.length, generation = 1, schemaHash = 'one', maxConcurrency } = options
      const path = join(folder, `${children.length}.sock`)
      const argument = JSON.stringify({ path, slot, schemaHash, maxConcurrency })
      const child = spawn(process.execPath, [FIXTURE, argument], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      children.push(child)
      return watch(child, { slot, generation, address: path, schemaHash })
    },
    client(options = {}) {
      const { generation = 1, schemaHash, dependencyGraceMs = 5_000, maxQueue = 1000 } = options
      const traffic = { timeoutMs: options.timeoutMs, maxConcurrency: options.maxConcurrency, maxQueue }
      const hash = schemaHash === undefined ? {} : { schemaHash }
      const settings = { traffic, dependencyGraceMs }
      const client = new PoolClient({ service: 'Pool', settings, generation, log: quiet, ...hash })
      clients.push(client)
      return client
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close()
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A call with an id of its own. */
export function call(client: PoolClient, api: string, input?: unknown, options: CallOptions = {}): Promise<unknown> {
  return client.call(api, input, { requestId: randomUUID(), ...options })
}

/** A stream with an id of its own. */
export function stream(
  client: PoolClient,
  input: { name?: string; to: number; holdAt?: number },
  options: CallOptions = {},
): AsyncIterableIterator<Counted> {
  const items = client.stream('count', input, { requestId: randomUUID(), ...options })
  return { next: () => items.next(), return: () => items.return(), [Symbol.asyncIterator]: () => items } as never
}

/** What the api `count` of the fixture yields. */
export interface Counted {
  readonly n: number
  readonly slot: number
}

async function watch(
  child: ChildProcess,
  member: Pick<CallWorker, 'slot' | 'generation' | 'address' | 'schemaHash'>,
): Promise<CallWorker> {
  const events: WorkerEvent[] = []
  child.on('message', (message) => events.push(message as WorkerEvent))
  const event = (wanted: string, name?: unknown, timeoutMs = 10_000) =>
    waitUntil(() => events.find((one) => one.event === wanted && (name === undefined || one.name === name)), {
      timeoutMs,
      describe: () => `'${wanted}' of worker ${member.slot}, which said ${JSON.stringify(events)}`,
    })
  const exited = once(child, 'exit')
  await Promise.race([
    event('ready', undefined, READY_WITHIN_MS),
    exited.then(([code]) => Promise.reject(new Error(`a worker ended with ${code}`))),
  ])
  const signal = (name: NodeJS.Signals) => void child.kill(name)
  return { ...member, exited, event, events, signal, drain: () => void child.send('drain') }
}
