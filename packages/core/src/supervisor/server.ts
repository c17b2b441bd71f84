import { createError } from '../errors/service-error.js'
import type { InstanceStatus } from './instance-status.js'

/** How an instance ended. */
export interface ServerClosed {
  /** What the process should exit with: 0, 7 when something had to be killed, 130 or 143 when it was forced. */
  readonly exitCode: number
  /** What had to be killed or cut, in words. */
  readonly forced: readonly string[]
}

/** A running instance. */
export interface Server extends AsyncDisposable {
  /** Where to reach it; for 0.0.0.0 `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly address: { readonly host: string; readonly port: number }
  /** What runs now: state, services, workers. */
  status(): InstanceStatus
  /** Sets the number of workers of a service; resolves when so many are ready and the rest are gone. */
  scale(service: string, workers: number): Promise<void>
  /** Rolling reload. Not in this version: rejects with `EKB_ERR_NOT_IN_THIS_VERSION`. */
  reload(): Promise<never>
  /** Rolling restart of one service. Not in this version: rejects with `EKB_ERR_NOT_IN_THIS_VERSION`. */
  restart(service: string): Promise<never>
  /** Graceful stop; resolves when nothing is left. Called again it gives the same promise. */
  stop(): Promise<ServerClosed>
  /** Resolves when the instance is gone, for whatever reason. */
  readonly closed: Promise<ServerClosed>
}

/** @internal */
export function notInThisVersion(what: string): Promise<never> {
  return Promise.reject(createError('EKB_ERR_NOT_IN_THIS_VERSION', { what }))
}
