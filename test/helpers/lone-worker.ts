import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PoolClient } from '../../packages/core/build/call/pool-client.js'
import { SUPERVISION_DEFAULTS } from '../../packages/core/build/plan/supervision-defaults.js'
import { WorkerFactory } from '../../packages/core/build/supervisor/worker-factory.js'
import type { WorkerHandle } from '../../packages/core/build/worker/worker-handle.js'
import { SERVICES } from './serve-fixture.js'

const TRAFFIC = { timeoutMs: undefined, maxConcurrency: undefined, maxQueue: 1000 }

export interface LoneWorker extends AsyncDisposable {
  readonly worker: WorkerHandle
  /** A folder as an instance has one. */
  readonly folder: string
  /** Calls an api of its service; rejects when the worker is gone. */
  readonly call: (api: string, input: unknown, requestId: string) => Promise<unknown>
}

/** A pool worker of the one service of a fixture, ready, with no supervisor that would judge it. */
export async function startLoneWorker(identifier: string, service: string): Promise<LoneWorker> {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-'))
  const address = join(folder, 'worker.sock')
  const factory = new WorkerFactory({
    instance: 'lone',
    generation: 1,
    source: { type: 'identifier', identifier, workingDir: SERVICES },
    log: { level: 'silent', format: 'json' },
    inherited: process.env,
    execArgv: [],
    unplanned: { declared: {}, allow: undefined, nodeArgs: [], maxHeapBytes: undefined, threads: false },
    bootTimeoutMs: 30_000,
    publicSocket: undefined,
    socketPath: () => address,
  })
  const worker = factory.make(planOf(service), 0)
  await new Promise<void>((resolve, reject) =>
    worker.spawn({
      onState: (_worker, { to }) => {
        if (to === 'held') worker.start(START)
        if (to === 'ready') resolve()
        if (to === 'exited') reject(new Error(`the worker ended: ${worker.lastOutput}`))
      },
      onAnnounced: () => {},
      onTerminated: () => {},
      onWithdrawn: () => {},
    }),
  )
  const log = { debug() {}, info() {}, warn() {}, error() {} } as never
  const client = new PoolClient({
    service,
    settings: { traffic: TRAFFIC, dependencyGraceMs: 1_000 },
    generation: 1,
    log,
  })
  client.update([{ slot: 0, generation: 1, address, schemaHash: '' }])
  return {
    worker,
    folder,
    call: (api, input, requestId) => client.call(api, input, { requestId } as never),
    [Symbol.asyncDispose]: async () => {
      const ended: Promise<void> = worker.end()
      await ended
      client.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const START = {
  type: 'start',
  traffic: TRAFFIC,
  recycling: { maxRequests: 0, maxRequestsJitter: 0 },
  standby: false,
  pools: {},
  snapshot: { version: 0, pools: {} },
} as const

function planOf(name: string) {
  return {
    name,
    entry: false,
    workers: 1,
    threads: false,
    dependencies: [],
    remotes: [],
    level: 0,
    traffic: TRAFFIC,
    supervision: SUPERVISION_DEFAULTS,
    env: {},
    envAllow: undefined,
    gpus: [],
    nodeArgs: [],
    maxHeapBytes: undefined,
    schemaHash: '',
    deploys: false,
  }
}
