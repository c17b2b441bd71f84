/** Name of the variable that holds the one-time token of a worker. */
export const TOKEN_VARIABLE = 'EKIBEN_WORKER_TOKEN'

/** Holds, until the app runs, the ports for which it is given the public socket. */
export const APP_PORTS_VARIABLE = 'EKIBEN_APP_PORTS'

/** Name of the variable that says how a worker runs, beside what its first message says: `WorkerTrait`s with commas. */
export const TRAITS_VARIABLE = 'EKIBEN_WORKER_TRAITS'

/**
 * `inline`: what a service depends on runs in this process too. `watched`: it tells which files it loads. `admin`: its
 * supervisor has an address of its own, which alone tells the metrics.
 */
export const WORKER_TRAITS = ['inline', 'watched', 'admin'] as const
export type WorkerTrait = (typeof WORKER_TRAITS)[number]
