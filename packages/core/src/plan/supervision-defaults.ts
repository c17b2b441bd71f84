import type { SupervisionPlan } from './serve-plan.js'

/** How workers are watched where nothing else is said. */
export const SUPERVISION_DEFAULTS: SupervisionPlan = {
  bootTimeoutMs: 60_000,
  livenessTimeoutMs: 30_000,
  drainTimeoutMs: 20_000,
  reloadDrainMs: 600_000,
  keepAliveDrainMs: 1_000,
  prestopDelayMs: 0,
  dependencyGraceMs: 5_000,
  surge: 1,
  minReadyMs: 1_000,
  maxRequests: 0,
  maxRequestsJitter: 0,
  maxAgeMs: 0,
  maxRssBytes: 0,
  restart: {
    initialMs: 100,
    factor: 2,
    maxMs: 30_000,
    resetAfterMs: 60_000,
    flappingCount: 5,
    flappingWindowMs: 30_000,
  },
}

/** Calls that may wait for a worker of a pool where nothing else is said. */
export const DEFAULT_MAX_QUEUE = 1_000

/** Processes of a pool where nothing else is said. */
export const DEFAULT_WORKERS = 1
