import type { WorkerIdentity } from '../ipc/protocol.js'
import { TOKEN_VARIABLE } from '../ipc/protocol.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** Never handed to a worker: they name descriptors and sockets of the supervisor. */
const NOT_INHERITED =
  /^(LISTEN_(PID|FDS|FDNAMES|PIDFDID)|NOTIFY_SOCKET|WATCHDOG_(PID|USEC)|NODE_CHANNEL_FD|NODE_CHANNEL_SERIALIZATION_MODE|NODE_UNIQUE_ID)$/

export interface WorkerEnvironmentInput {
  /** The supervisor's own environment. */
  readonly inherited: Environment
  /** What the service declares; the operating system's value wins over it. */
  readonly declared: Readonly<Record<string, string>>
  readonly identity: WorkerIdentity
  readonly token: string
  /** Value of `CUDA_VISIBLE_DEVICES` for this slot, unless it is preset. */
  readonly gpus: string | undefined
}

/** The environment of one worker. */
export function workerEnvironment(input: WorkerEnvironmentInput): Record<string, string> {
  const environment: Record<string, string> = { NODE_ENV: 'production', ...input.declared }
  if (input.gpus !== undefined) environment.CUDA_VISIBLE_DEVICES = input.gpus
  for (const [name, value] of Object.entries(input.inherited)) {
    if (value !== undefined && !NOT_INHERITED.test(name)) environment[name] = value
  }
  const { instance, service, slot, generation } = input.identity
  return {
    ...environment,
    EKIBEN_INSTANCE: instance,
    EKIBEN_SERVICE: service,
    EKIBEN_SLOT: String(slot),
    EKIBEN_GENERATION: String(generation),
    NODE_APP_INSTANCE: String(slot),
    [TOKEN_VARIABLE]: input.token,
  }
}
