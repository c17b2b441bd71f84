import { randomUUID } from 'node:crypto'
import {
  type AskedSocket,
  type HttpSettings,
  type InitMessage,
  type LogSettings,
  type MainSource,
  PROTOCOL_VERSION,
  type ServiceSource,
  type WorkerIdentity,
} from '../ipc/protocol.js'
import type { WorkerTrait } from '../ipc/worker-variables.js'
import { isSocketPath } from '../net/socket-url.js'
import type { ServicePlan } from '../plan/serve-plan.js'
import type { TlsIdentity } from '../tls/tls-identity.js'
import { monotonicMs } from '../util/monotonic.js'
import { LocalBackend, type LocalWorker } from '../worker/local-backend.js'
import { ProcessBackend } from '../worker/process-backend.js'
import type { ThreadHosts } from '../worker/thread-hosts.js'
import type { ProcessLedger, WorkerBackend } from '../worker/worker-backend.js'
import { WorkerHandle } from '../worker/worker-handle.js'
import { type AppSockets, type HandedSocket, handOver } from './app-sockets.js'
import type { EntryProcess } from './entry-process.js'
import type { ListenSocket } from './listen-socket.js'
import type { SlotSockets } from './slot-sockets.js'
import { type AppPorts, type Environment, hostEnvironment, workerEnvironment } from './worker-environment.js'
import type { WorkerUser } from './worker-user.js'

export interface WorkerFactoryOptions {
  readonly instance: string
  readonly generation: number
  readonly source: ServiceSource
  readonly log: LogSettings
  readonly inherited: Environment
  /** How an entry worker is spawned whose plan is not known yet. */
  readonly unplanned: EntryProcess
  /** Whom workers run as; undefined: whoever the supervisor runs as. */
  readonly user?: WorkerUser | undefined
  /** Where its processes are written down; undefined: nowhere (a dry run). */
  readonly ledger?: ProcessLedger | undefined
  /** Of this process, handed on: `--import` and the like. */
  readonly execArgv: readonly string[]
  readonly bootTimeoutMs: number
  /** Where workers run that are threads. */
  readonly threadHosts?: ThreadHosts | undefined
  /** Descriptor of the public socket and how to serve on it; undefined: nobody listens (a dry run). */
  readonly publicSocket: { readonly fd: number; readonly http: HttpSettings } | undefined
  /** What entry workers encrypt with; undefined: they do not. */
  readonly tls?: TlsIdentity | undefined
  /** What a host app's workers ask for by message. */
  readonly appSockets?: AppSockets | undefined
  /** What a host app's workers have each for itself. */
  readonly slotSockets?: SlotSockets | undefined
  /** The entry worker that is this process itself. */
  readonly local?: LocalWorker | undefined
  /** How its workers run beside that. Default: none of it. */
  readonly traits?: readonly WorkerTrait[] | undefined
  /** What `NODE_ENV` says in them where nothing else does. Default: `production`. */
  readonly mode?: 'development' | undefined
  readonly onLoaded?: ((files: readonly string[]) => void) | undefined
  /** A path for the call socket of a pool worker, new for each incarnation. */
  readonly socketPath: (service: string, generation: number, slot: number, incarnation: number) => string
}

/** What is known of the entry service before its worker has announced the graph. */
const UNKNOWN_SERVICE = ''

/** How often a worker says that its event loop turns. */
const HEARTBEAT_MS = 250

const MEBIBYTE = 1024 * 1024

/** Makes workers of one generation: their environment, arguments, descriptors and first message. */
export class WorkerFactory {
  readonly #options: WorkerFactoryOptions
  #incarnations = 0
  /** By service name: the files of services beside a host app that were announced later. */
  #modules: Readonly<Record<string, string>> = {}

  constructor(options: WorkerFactoryOptions) {
    this.#options = options
  }

  /** A host app calls these services too. */
  learn(modules: Readonly<Record<string, string>>): void {
    this.#modules = { ...this.#modules, ...modules }
  }

  /** The first entry worker, which says what else is needed. */
  makeFirst(mode: 'announce' | 'describe'): WorkerHandle {
    return this.#makeUnplanned(mode, 0)
  }

  /** Another entry worker that does not wait for the plan. */
  makeBesideFirst(slot: number): WorkerHandle {
    return this.#makeUnplanned('serve', slot)
  }

  /** The short process that runs `onDeploy` of a service, with its variables. */
  makeDeploy(plan: ServicePlan): WorkerHandle {
    const init = { mode: 'deploy' as const, socketPath: undefined, http: undefined }
    const { env: declared, envAllow: allow, nodeArgs } = plan
    const process = { declared, allow, nodeArgs, gpus: undefined, heapBytes: undefined, entry: false, thread: false }
    return this.#make({ service: plan.name, slot: 0, bootTimeoutMs: plan.supervision.bootTimeoutMs, init, process })
  }

  make(plan: ServicePlan, slot: number): WorkerHandle {
    const socketPath = plan.entry
      ? undefined
      : this.#options.socketPath(plan.name, this.#options.generation, slot, this.#incarnations)
    const init = { mode: 'serve' as const, socketPath, http: plan.entry ? this.#options.publicSocket?.http : undefined }
    const process = {
      declared: plan.env,
      allow: plan.envAllow,
      gpus: plan.gpus[slot],
      nodeArgs: plan.nodeArgs,
      heapBytes: plan.maxHeapBytes,
      entry: plan.entry,
      thread: plan.threads,
    }
    return this.#make({ service: plan.name, slot, bootTimeoutMs: plan.supervision.bootTimeoutMs, init, process })
  }

  /** The one that the app is told, and the one that it insists on. */
  #portsOf({ port, appPort }: MainSource): AppPorts {
    const known = this.#options.publicSocket?.http.address
    // A Unix socket has no port that an app could be told: it stands for the one that the app would have listened on.
    const hasNone = known === undefined || isSocketPath(known.host)
    const told = hasNone ? port || undefined : known.port
    const isAny = hasNone && (known !== undefined || port === 0)
    return { standsFor: [told, appPort].filter((each) => each !== undefined), isAny }
  }

  #makeUnplanned(mode: InitMessage['mode'], slot: number): WorkerHandle {
    const init = { mode, socketPath: undefined, http: this.#options.publicSocket?.http }
    const { bootTimeoutMs, source, unplanned } = this.#options
    const { declared, allow, nodeArgs, maxHeapBytes: heapBytes } = unplanned
    const thread = unplanned.threads && mode !== 'describe'
    const process = { declared, allow, gpus: undefined, nodeArgs, heapBytes, entry: true, thread }
    const service = source.type === 'main' ? source.name : UNKNOWN_SERVICE
    return this.#make({ service, slot, bootTimeoutMs, init, process })
  }

  /** Where a pool worker finds its service: beside a host app, in the module that declares it. */
  #sourceOfPool(source: ServiceSource, service: string): ServiceSource {
    if (source.type !== 'main') return source
    const { workingDir, modules = {} } = source
    const module = modules[service] ?? this.#modules[service] ?? source.main
    return { type: 'module', module, entry: service, workingDir }
  }

  #make(worker: WorkerToMake): WorkerHandle {
    const { instance, generation, source, log, appSockets, local, tls, onLoaded } = this.#options
    const identity = { instance, service: worker.service, slot: worker.slot, generation }
    const token = randomUUID()
    this.#incarnations++
    const { entry } = worker.process
    const app = source.type === 'main' && entry ? source : undefined
    const own = app && this.#options.slotSockets?.of(worker.slot)
    const start = { worker, identity, token, app, slotSocketFd: own?.fd }
    const backend = entry && local !== undefined ? new LocalBackend(local) : this.#backend(start)
    const init: InitMessage = {
      type: 'init',
      protocol: PROTOCOL_VERSION,
      token,
      identity,
      source: entry ? source : this.#sourceOfPool(source, worker.service),
      log,
      heartbeatMs: HEARTBEAT_MS,
      slotSocket: own && { url: own.url, backlog: own.backlog },
      ...(entry && tls !== undefined && { tls }),
      ...worker.init,
    }
    const { bootTimeoutMs } = worker
    const giveSocket =
      app &&
      appSockets &&
      (async (asked: AskedSocket) => giveOwn(asked, own) ?? (await appSockets.give(asked, generation)))
    return new WorkerHandle({ identity, backend, init, bootTimeoutMs, now: monotonicMs, giveSocket, onLoaded })
  }

  #backend(start: WorkerStart): WorkerBackend {
    return start.worker.process.thread ? this.#threadBackend(start) : this.#processBackend(start)
  }

  #processBackend({ worker, identity, token, app, slotSocketFd }: WorkerStart): WorkerBackend {
    const { nodeArgs, heapBytes, entry } = worker.process
    const { source, execArgv, publicSocket, user, ledger } = this.#options
    const heap = heapBytes === undefined ? [] : [`--max-old-space-size=${Math.ceil(heapBytes / MEBIBYTE)}`]
    return new ProcessBackend({
      env: this.#environment({ worker, identity, token, app }),
      nodeArgs: [...execArgv, ...nodeArgs, ...heap, ...(app?.nodeArgs ?? [])],
      role: entry ? 'entry' : 'pool',
      main: app && [app.main, ...app.args],
      cwd: source.workingDir,
      stdout: worker.init.mode === 'describe' ? 'stderr' : 'stdout',
      socketFd: entry ? publicSocket?.fd : undefined,
      slotSocketFd,
      user,
      ledger,
    })
  }

  #threadBackend({ worker, identity, token }: WorkerStart): WorkerBackend {
    const { nodeArgs, heapBytes, entry } = worker.process
    const { source, execArgv, publicSocket, user, ledger, threadHosts } = this.#options
    const env = this.#environment({ worker, identity })
    return (threadHosts as ThreadHosts).makeBackend({
      env: hostEnvironment(env),
      nodeArgs: [...execArgv, ...nodeArgs],
      cwd: source.workingDir,
      socketFd: publicSocket?.fd,
      user,
      ledger,
      thread: { token, env, role: entry ? 'entry' : 'pool', heapBytes },
    })
  }

  #environment({ worker, identity, token, app }: Partial<WorkerStart> & Pick<WorkerStart, 'worker' | 'identity'>) {
    const { inherited, user: account, mode, traits } = this.#options
    const { declared, allow, gpus } = worker.process
    const appPorts = app && this.#portsOf(app)
    return workerEnvironment({ inherited, allow, account, declared, identity, token, gpus, mode, traits, appPorts })
  }
}

/** That of the worker's slot, where it asks for it. */
function giveOwn({ which }: AskedSocket, own: ListenSocket | undefined): HandedSocket | undefined {
  return which === 'slot' && own !== undefined ? handOver(own, false) : undefined
}

interface WorkerStart {
  readonly worker: WorkerToMake
  readonly identity: WorkerIdentity
  readonly token: string
  /** It runs this host app. */
  readonly app: MainSource | undefined
  readonly slotSocketFd: number | undefined
}

interface WorkerToMake {
  readonly service: string
  readonly slot: number
  readonly bootTimeoutMs: number
  readonly init: Pick<InitMessage, 'mode' | 'socketPath' | 'http'>
  readonly process: {
    readonly declared: Readonly<Record<string, string>>
    readonly allow: readonly string[] | undefined
    readonly gpus: string | undefined
    readonly nodeArgs: readonly string[]
    readonly heapBytes: number | undefined
    readonly entry: boolean
    readonly thread: boolean
  }
}
