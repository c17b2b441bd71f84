import type { Environment } from './layer-from-text.js'

/** Sockets that were opened for this process and passed to it (`LISTEN_FDS`), the first as descriptor 3. @internal */
export interface PassedSockets {
  /** As the variable has it: a number, if it makes sense. */
  readonly count: string
  /** Of the descriptors, in order; there may be fewer. */
  readonly names: readonly string[]
  /** The process they are for is this one: descriptors are not passed on, but variables are. */
  readonly forUs: boolean
}

/** What a service manager such as systemd says to the process it starts. @internal */
export interface ServiceManager {
  readonly sockets: PassedSockets | undefined
  /** Where it wants to be told of our state: a path, or an abstract name after `@`. */
  readonly notifySocket: string | undefined
  /** It is not this process that it has started, but one above it, as far as it tells. */
  readonly startedAnother: boolean
  /** It takes us for hung when it hears nothing for so long. */
  readonly watchdogMs: number | undefined
}

/** Reads what a service manager left in the environment of process `pid`. @internal */
export function readServiceManager(env: Environment, pid: number): ServiceManager {
  const own = String(pid)
  const forUs = (variable: string | undefined): boolean => variable === undefined || variable === own
  const watchdogUsec = forUs(env.WATCHDOG_PID) ? Number(env.WATCHDOG_USEC) : Number.NaN
  return {
    sockets: env.LISTEN_FDS && env.LISTEN_PID ? passedSockets(env, env.LISTEN_PID === own) : undefined,
    notifySocket: env.NOTIFY_SOCKET || undefined,
    startedAnother: !forUs(env.SYSTEMD_EXEC_PID),
    watchdogMs: watchdogUsec > 0 && Number.isFinite(watchdogUsec) ? watchdogUsec / 1000 : undefined,
  }
}

function passedSockets({ LISTEN_FDS = '', LISTEN_FDNAMES = '' }: Environment, forUs: boolean): PassedSockets {
  return { count: LISTEN_FDS, names: LISTEN_FDNAMES.split(':'), forUs }
}
