/**
 * What supervisor and worker say to each other: the only thing both sides import.
 *
 *   supervisor                          worker
 *     init  ───────────────────────────▶  import the module
 *           ◀──────────────── announced   (first entry worker of a generation only; a host app's: again, when it calls more)
 *     pools ───────────────────────────▶  (the answer to what was announced after the plan)
 *           ◀───────────────────── held   imported and constructed, waits for its dependencies
 *     start ───────────────────────────▶  onStart, isReady, listen
 *           ◀────────────────── standby   (only where `start` asks for it: it could serve and does not accept)
 *     admit ───────────────────────────▶  (only in standby) listen
 *           ◀──────────────────── ready
 *           ◀──────────────── heartbeat   (from init on, every `heartbeatMs`: its event loop turns)
 *     snapshot ────────────────────────▶  (any time after start; a lower version is ignored)
 *     stopping ────────────────────────▶  (readiness says no from now on)
 *     drain ───────────────────────────▶  finish, then exit 0
 *           ◀──────────────── withdrawn   (it accepts no more)
 *           ◀────────────── boot-failed   (any time before ready; the worker then exits)
 *           ◀───────────────── uncaught   (any time: it is about to end by an error that nobody caught)
 *           ◀─────────────────── counts   (with a heartbeat where something was counted, on `collect`, and at the end)
 *     collect ─────────────────────────▶  counts, now
 *           ◀─────────────────── scrape   (an entry worker was asked for the metrics of the instance)
 *     metrics ─────────────────────────▶  their text
 *           ◀───────────────── loaded   (where files are watched: which of the user's it has loaded)
 *           ◀───────────── wants-socket   (a host app asks to listen on a port)
 *     socket ──────────────────────────▶  (with its handle)
 *
 * Lifecycle and figures only: no payload of a call ever travels here, and no Error object (see errors/error-codec.ts).
 */
import type { AppReady } from '../config/app-ready.js'
import type { WireError } from '../errors/error-codec.js'
import type { GraphCut } from '../graph/graph-cut.js'
import type { ServiceGraph } from '../graph/service-graph.js'
import type { CorsPolicy } from '../http/cors.js'
import type { EdgeSettings } from '../http/edge-settings.js'
import type { AppMetric } from '../metrics/app-metric.js'
import type { CountReport } from '../metrics/worker-counts.js'
import type { InlineSettings } from '../plan/inline-settings.js'
import type { SupervisionPlan, TrafficPlan } from '../plan/serve-plan.js'
import type { TlsIdentity } from '../tls/tls-identity.js'
import type { AskedSocket, GivenSocket } from './app-socket.js'

export type { AskedSocket, GivenSocket } from './app-socket.js'

export const PROTOCOL_VERSION = 1

/** Descriptor of the public socket in an entry worker (0–2 stdio, 3 channel). */
export const PUBLIC_SOCKET_FD = 4

/** Descriptor of the socket of its own slot, in an entry worker that has one (5 is the watch line). */
export const SLOT_SOCKET_FD = 6

/** A worker that has lost its supervisor is gone after so long, unless its event loop stands still. */
export const ORPHAN_LIMIT_MS = 6_000

export const BOOT_STAGES = [
  'spawn',
  'load',
  'build',
  'deploy',
  'construct',
  'held',
  'start',
  'isReady',
  'listen',
] as const
export type BootStage = (typeof BOOT_STAGES)[number]

/** The only argument of a worker's process. */
export type WorkerRole = 'entry' | 'pool'

/** Where a worker finds its service. */
export type ServiceSource = {
  readonly workingDir: string
  /** Which part of the graph runs here; undefined: all of it. */
  readonly cut?: GraphCut | undefined
  /** What it led to for the first worker of its generation: the others load that, whatever a link says meanwhile. */
  readonly located?: LocatedEntry
} & (
  | { readonly type: 'identifier'; readonly identifier: string }
  | { readonly type: 'module'; readonly module: string; readonly entry: string }
  | MainSource
)

/** A host app: Node runs its main file, and the services that it calls have modules of their own. */
export interface MainSource {
  readonly type: 'main'
  /** Name of the app, which stands for it in plan, logs and metrics. */
  readonly name: string
  /** Absolute. */
  readonly main: string
  readonly args: readonly string[]
  /** Flags of Node that the main file needs. */
  readonly nodeArgs: readonly string[]
  /** The port that it is told; 0: any; undefined: none, what it asks for is bound. */
  readonly port: number | undefined
  /** A port that it listens on although it is told another: it is given the public socket for it. */
  readonly appPort: number | undefined
  /** Over the app's own; undefined: it decides. */
  readonly keepAliveTimeoutMs: number | undefined
  /** When it is ready: when it listens, when it says so (`process.send('ready')`), or at once. */
  readonly ready: AppReady
  /** A command has started it, whose options count, and not the app's own call. */
  readonly isCommanded: boolean
  /** By service name, once the app has announced what it calls. */
  readonly modules?: Readonly<Record<string, string>> | undefined
}

/** The file of the entry service, links followed. */
export interface LocatedEntry {
  readonly file: string
  /** undefined: the one service there that no other depends on. */
  readonly exportName: string | undefined
}

/** What the first entry worker of a generation says of it. */
export interface Announcement {
  readonly graph: ServiceGraph
  readonly located: LocatedEntry
  /** Of a host app: by service name, the file that a worker of its pool imports. */
  readonly modules?: Readonly<Record<string, string>> | undefined
}

export interface WorkerIdentity {
  readonly instance: string
  readonly service: string
  readonly slot: number
  readonly generation: number
}

/** How an entry worker serves HTTP. */
export interface HttpSettings extends EdgeSettings {
  readonly backlog: number
  readonly keepAliveTimeoutMs: number
  readonly accessLog: boolean
  /** Does `/metrics` answer here? Default: no. */
  readonly metrics?: boolean
  /** Which pages of other origins may call. Default: none is told that it may. */
  readonly cors?: CorsPolicy | undefined
  /**
   * The address `server.address()` must show: a mismatch means that the bind went astray. A Unix socket, which
   * shows none, has its path for a host.
   */
  readonly address: { readonly host: string; readonly port: number }
}

/** Where one entry worker alone can be reached, beside the public socket. */
export interface SlotSocket {
  readonly url: string
  readonly backlog: number
}

export interface LogSettings {
  readonly level: string
  readonly format: 'json' | 'pretty'
}

/** A ready worker of a pool, as callers see it. */
export interface PoolMember {
  readonly slot: number
  readonly generation: number
  /** Path of its Unix socket. */
  readonly address: string
  readonly schemaHash: string
}

/** The ready workers of every pool. Numbered: receivers ignore an older one. */
export interface PoolSnapshot {
  readonly version: number
  readonly pools: Readonly<Record<string, readonly PoolMember[]>>
  /**
   * Addresses of workers that are being killed: no answer will come from them. A process takes its connections with it;
   * a thread that cannot be ended keeps them.
   */
  readonly lost?: readonly string[]
}

/** What a caller must know of a pool it depends on. */
export interface PoolSettings {
  readonly traffic: TrafficPlan
  readonly dependencyGraceMs: number
}

export interface InitMessage {
  readonly type: 'init'
  readonly protocol: typeof PROTOCOL_VERSION
  readonly token: string
  readonly identity: WorkerIdentity
  readonly source: ServiceSource
  /** `announce`: say the graph, then go on. `describe`: say the graph. `deploy`: run `onDeploy` and leave. */
  readonly mode: 'serve' | 'announce' | 'describe' | 'deploy'
  readonly log: LogSettings
  /** How often it says that its event loop turns. */
  readonly heartbeatMs: number
  /** Only for entry workers. */
  readonly http: HttpSettings | undefined
  /** Only for entry workers of an app that have one: the socket of their own slot. */
  readonly slotSocket?: SlotSocket | undefined
  /** Only for entry workers: what they encrypt with, if they do. */
  readonly tls?: TlsIdentity | undefined
  /** Only for pool workers: the Unix socket to listen on. */
  readonly socketPath: string | undefined
}

/** The plan's word to a worker that is `held`: go on. */
export interface StartMessage {
  readonly type: 'start'
  /** undefined: to an app, which answers its requests itself. */
  readonly traffic: TrafficPlan | undefined
  /** After how many calls it asks to be recycled. */
  readonly recycling: Pick<SupervisionPlan, 'maxRequests' | 'maxRequestsJitter'>
  /** Be able to serve, but do not accept before `admit`: this worker has to prove itself first. */
  readonly standby: boolean
  /** By service name: the pools this worker calls. */
  readonly pools: Readonly<Record<string, PoolSettings>>
  readonly snapshot: PoolSnapshot
  readonly inline?: InlineSettings | undefined
}

export interface SnapshotMessage {
  readonly type: 'snapshot'
  readonly snapshot: PoolSnapshot
}

export interface AdmitMessage {
  readonly type: 'admit'
}

export interface DrainMessage {
  readonly type: 'drain'
  /** The worker may take so long. */
  readonly timeoutMs: number
  /** Until then (monotonic milliseconds): set when it is sent. */
  readonly until?: number
  /** Idle connections are closed after so long; null: not before their next request or their keep-alive limit. */
  readonly keepAliveDrainMs: number | null
}

/** The instance is about to stop: readiness says no, everything else goes on. */
export interface StoppingMessage {
  readonly type: 'stopping'
}

/** Has the clients of so many of its connections connect anew: other workers have fewer. */
export interface ShedMessage {
  readonly type: 'shed'
  readonly connections: number
}

/** The answer to `wants-socket`; the handle of the socket comes with it. */
export interface SocketMessage {
  readonly type: 'socket'
  readonly id: number
  readonly socket: GivenSocket | undefined
  /** Why there is none. */
  readonly error: WireError | undefined
}

/** Asks for what was counted since the last report. */
export interface CollectMessage {
  readonly type: 'collect'
  readonly id: number
}

/** The answer to `scrape`. */
export interface MetricsMessage {
  readonly type: 'metrics'
  readonly id: number
  /** undefined: it could not be made. */
  readonly text: string | undefined
}

/** Answers what a host app's worker announced after its graph was planned: how those pools are to be called. */
export interface PoolsMessage {
  readonly type: 'pools'
  /** By service name. */
  readonly pools: Readonly<Record<string, PoolSettings>>
  /** What was announced was all that the app calls. */
  readonly isWhole: boolean
  /** There can be no such pools. */
  readonly error?: WireError | undefined
}

export type SupervisorMessage =
  | PoolsMessage
  | InitMessage
  | StartMessage
  | AdmitMessage
  | SnapshotMessage
  | StoppingMessage
  | ShedMessage
  | DrainMessage
  | CollectMessage
  | MetricsMessage
  | SocketMessage

/** What was counted since the last report; `answers`: the `collect` it answers. */
export interface CountsMessage {
  readonly type: 'counts'
  readonly report: CountReport | undefined
  readonly answers: number | undefined
  /** Of an app that has a registry of its own: what it holds now, or why it does not say. */
  readonly app?: { readonly metrics: readonly AppMetric[] } | { readonly error: string } | undefined
}

/** The app asks to listen. */
export interface WantsSocketMessage extends AskedSocket {
  readonly type: 'wants-socket'
  readonly id: number
}

export interface ScrapeMessage {
  readonly type: 'scrape'
  readonly id: number
}

/** How a worker fares, said with each heartbeat. */
export interface Vitals {
  /** Calls that run now. */
  readonly inFlight: number
  /** Age of the oldest of them; 0: there is none. */
  readonly oldestCallMs: number
  /** Calls that ended, since it was started. */
  readonly calls: number
  /** After so many calls it asks to be recycled; 0: never. */
  readonly callLimit: number
  /** Open connections of clients on the public socket; undefined: they do not call here. */
  readonly connections?: number | undefined
  /** Share of the time since the last heartbeat in which its event loop was busy, 0 to 1. */
  readonly loopUtilization: number
  readonly rssBytes: number
  /** A debugger is attached: it may stand still at a breakpoint. */
  readonly inspected: boolean
  /** Does the service say that it can take calls? */
  readonly ready: boolean
  /** Does the service say that it is not past help? */
  readonly alive: boolean
}

/** What ends a worker; its stack is in its output. */
export interface UncaughtError {
  readonly origin: 'uncaughtException' | 'unhandledRejection'
  /** Name and message, shortened. */
  readonly error: string
}

export type WorkerMessage =
  | ({ readonly type: 'announced' } & Announcement)
  /** How far the boot has come, for the message of a boot that fails or never ends. */
  | { readonly type: 'stage'; readonly stage: BootStage }
  | { readonly type: 'held' }
  | { readonly type: 'standby' }
  | { readonly type: 'heartbeat'; readonly vitals: Vitals }
  | { readonly type: 'ready'; readonly address: string }
  | { readonly type: 'boot-failed'; readonly stage: BootStage; readonly error: WireError }
  | { readonly type: 'uncaught'; readonly uncaught: UncaughtError }
  /** It got a SIGTERM of its own: the supervisor decides what becomes of it. */
  | { readonly type: 'terminated' }
  /** It drains, and accepts no new connection any more. */
  | { readonly type: 'withdrawn' }
  /** All that was cut at the deadline until now, for the supervisor's report. */
  | { readonly type: 'cut'; readonly what: readonly string[] }
  | { readonly type: 'loaded'; readonly files: readonly string[] }
  | CountsMessage
  | ScrapeMessage
  | WantsSocketMessage

const WORKER_MESSAGE_TYPES: ReadonlySet<string> = new Set<WorkerMessage['type']>([
  'announced',
  'stage',
  'held',
  'standby',
  'heartbeat',
  'ready',
  'boot-failed',
  'uncaught',
  'terminated',
  'withdrawn',
  'cut',
  'loaded',
  'counts',
  'scrape',
  'wants-socket',
])
const SUPERVISOR_MESSAGE_TYPES: ReadonlySet<string> = new Set<SupervisorMessage['type']>([
  'pools',
  'init',
  'start',
  'admit',
  'snapshot',
  'stopping',
  'shed',
  'drain',
  'collect',
  'metrics',
  'socket',
])

/** Messages of ours travel under this key: user code may use the same channel for its own. */
const ENVELOPE = 'ekiben'

/** @internal */
export function wrapMessage(message: SupervisorMessage | WorkerMessage): object {
  return { [ENVELOPE]: message }
}

/** The worker's message in what came over its channel; undefined: it is not one of ours. */
export function parseWorkerMessage(received: unknown): WorkerMessage | undefined {
  return parse(received, WORKER_MESSAGE_TYPES) as WorkerMessage | undefined
}

/** The supervisor's message in what came over the channel; undefined: it is not one of ours. */
export function parseSupervisorMessage(received: unknown): SupervisorMessage | undefined {
  return parse(received, SUPERVISOR_MESSAGE_TYPES) as SupervisorMessage | undefined
}

function parse(received: unknown, types: ReadonlySet<string>): unknown {
  if (typeof received !== 'object' || received === null) return undefined
  const message = (received as Record<string, unknown>)[ENVELOPE]
  if (typeof message !== 'object' || message === null) return undefined
  const { type } = message as { type?: unknown }
  return typeof type === 'string' && types.has(type) ? message : undefined
}
