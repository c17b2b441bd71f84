import type { WorkerIdentity } from '../ipc/protocol.js'
import { APP_PORTS_VARIABLE, TOKEN_VARIABLE, TRAITS_VARIABLE, type WorkerTrait } from '../ipc/worker-variables.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** Never handed to a worker: they name descriptors and sockets of the supervisor, or are its secrets. */
const NOT_INHERITED =
  /^(LISTEN_(PID|FDS|FDNAMES|PIDFDID)|NOTIFY_SOCKET|WATCHDOG_(PID|USEC)|NODE_CHANNEL_FD|NODE_CHANNEL_SERIALIZATION_MODE|NODE_UNIQUE_ID|EKIBEN_SSL_KEYFILE_PASSWORD)$/

/** Inherited whatever is allowed beside them: a program is hardly right without. */
const ALWAYS_INHERITED: readonly string[] = [
  'PATH',
  'HOME',
  'NODE_ENV',
  'TZ',
  'LANG',
  'LC_*',
  'TMPDIR',
  'CUDA_VISIBLE_DEVICES',
]

/** Whom a worker runs as, where that is not the supervisor's own user. */
export interface WorkerAccount {
  readonly name: string
  readonly home: string
}

export interface WorkerEnvironmentInput {
  /** The supervisor's own environment. */
  readonly inherited: Environment
  /** Which of it a worker gets, `PREFIX*` among them; undefined: all. */
  readonly allow?: readonly string[] | undefined
  readonly account?: WorkerAccount | undefined
  /** What the service declares; the operating system's value wins over it. */
  readonly declared: Readonly<Record<string, string>>
  readonly identity: WorkerIdentity
  /** undefined: nothing but a thread of a process of ours gets it. */
  readonly token: string | undefined
  /** Value of `CUDA_VISIBLE_DEVICES` for this slot, unless it is preset. */
  readonly gpus: string | undefined
  /** What `NODE_ENV` says where nothing else does. Default: `production`. */
  readonly mode?: 'development' | undefined
  readonly traits?: readonly WorkerTrait[] | undefined
  /** Of a worker that runs a host app. */
  readonly appPorts?: AppPorts | undefined
}

/** On which of its ports a host app gets the public socket. */
export interface AppPorts {
  /** The one that it is to see first; empty: on the first that it asks for. */
  readonly standsFor: readonly number[]
  /** Where it is empty: nothing is bound for that port, which may have any number. */
  readonly isAny: boolean
}

/** What such an app is told where nothing else tells it: else it would have the system choose, and nobody would find it. */
const ANY_PORT = '3000'

/** The environment of one worker. */
export function workerEnvironment(input: WorkerEnvironmentInput): Record<string, string> {
  const environment: Record<string, string> = { NODE_ENV: input.mode ?? 'production', ...input.declared }
  if (input.gpus !== undefined) environment.CUDA_VISIBLE_DEVICES = input.gpus
  for (const [name, value] of Object.entries(input.inherited)) {
    if (value !== undefined && isInherited(name, input.allow)) environment[name] = value
  }
  const { account, appPorts, traits = [] } = input
  const { instance, service, slot, generation } = input.identity
  return {
    ...environment,
    ...(account !== undefined && { HOME: account.home, USER: account.name, LOGNAME: account.name }),
    EKIBEN_INSTANCE: instance,
    EKIBEN_SERVICE: service,
    EKIBEN_SLOT: String(slot),
    EKIBEN_GENERATION: String(generation),
    NODE_APP_INSTANCE: String(slot),
    ...(appPorts !== undefined && portVariables(appPorts, environment)),
    ...(traits.length > 0 && { [TRAITS_VARIABLE]: traits.join(',') }),
    ...(input.token !== undefined && { [TOKEN_VARIABLE]: input.token }),
  }
}

function portVariables({ standsFor, isAny }: AppPorts, { PORT = '' }: Environment): Record<string, string> {
  const [first] = standsFor
  const variables = { [APP_PORTS_VARIABLE]: standsFor.join(',') }
  if (first !== undefined) return { ...variables, PORT: String(first) }
  return isAny && Number(PORT) === 0 ? { ...variables, PORT: ANY_PORT } : variables
}

/** Which tell one thread of a process from another. */
const OF_ONE_WORKER: readonly string[] = ['EKIBEN_SERVICE', 'EKIBEN_SLOT', 'NODE_APP_INSTANCE']

/** The environment of a process in whose threads workers with such a one run. */
export function hostEnvironment(worker: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(worker).filter(([name]) => !OF_ONE_WORKER.includes(name)))
}

/** Does a worker get this variable of the supervisor? */
export function isInherited(name: string, allow: readonly string[] | undefined): boolean {
  if (NOT_INHERITED.test(name)) return false
  return allow === undefined || [...ALWAYS_INHERITED, ...allow].some((pattern) => matches(name, pattern))
}

function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}
