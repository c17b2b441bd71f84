import type { CallTransport } from '../call/service-client.js'
import type { CountTable } from '../metrics/count-table.js'
import type { ServiceInstance } from '../runner/service-instance.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { sharedSlot } from '../util/shared-state.js'
import type { EndingService } from './last-calls.js'

/** A service that runs in a host's own process: mounted, or called by one that is. */
export interface LocalService extends EndingService {
  readonly instance: ServiceInstance
}

/** What a worker that runs a host app offers to the mounts in it: they find it where they are made. */
export interface HostSession {
  readonly slot: number
  /** Where requests are counted. */
  readonly requests: CountTable
  /**
   * Announces a service that is to run in a pool, and gives what carries calls to it: a call that is made before the
   * pool is ready waits for it. Asked for one it was asked for before, it gives the same. undefined: whatever a mount
   * needs runs in this process.
   * @throws EKB_ERR_SERVICE_NOT_PLANNED once the graph is known, for a service that is not in it
   */
  readonly use: ((definition: ServiceDefinition) => CallTransport) | undefined
  /** This worker is not ready before it resolves; where it rejects, the boot has failed. */
  hold(until: Promise<void>): void
  /**
   * Takes the probes of a service that runs here into what this worker says of itself, until the returned function is
   * called. undefined: this process is no worker.
   */
  readonly join: ((service: LocalService) => () => void) | undefined
  /** Said by readiness probes. */
  isReady(): boolean
  /** The metrics of the whole instance, as text; undefined: an address of the supervisor's own tells them. */
  readonly metrics: (() => Promise<string>) | undefined
  /** Calls back when this worker begins to drain, until the returned function is called. */
  onDrain(listener: () => void): () => void
  /** Where the pools are this process's own; undefined: a supervisor is above it. */
  readonly own?: OwnSession
}

/** A session that has what carries calls. */
export interface CallingSession extends HostSession {
  readonly use: (definition: ServiceDefinition) => CallTransport
}

/** Pools that live and end with the mounts of this process. */
export interface OwnSession {
  /** As `use` of the session, for services that may outlast the mount: other mounts have them too. */
  reach(definition: ServiceDefinition): CallTransport
  /** Starts them; resolves when all that were asked for can be called. */
  connect(): Promise<void>
  /** One mount less. */
  leave(): Promise<void>
}

interface Holder {
  session: HostSession | undefined
}

/** The session of this process; undefined: no supervisor is above it, or it serves no host app. */
export function hostSession(): HostSession | undefined {
  return holder().session
}

/** One that has whatever its mounts need run in this process. */
export function inThisProcess(session: HostSession): HostSession {
  return { ...session, use: undefined }
}

/** Before any code of the app runs. */
export function openHostSession(session: HostSession): void {
  holder().session = session
}

function holder(): Holder {
  return sharedSlot('host-session', (): Holder => ({ session: undefined }))
}
