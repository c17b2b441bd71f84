/**
 * The life of one worker, seen by the supervisor: one incarnation, never revived.
 *
 *   spawning ─▶ booting ─▶ held ─▶ starting ─▶ ready ─▶ draining ─▶ exited
 *                                  │     ▲
 *                                  ▼     │ admit
 *                                  standby
 *       │          │         │         │         │          │
 *       └──────────┴─────────┴── killing ◀───────┴──────────┘ ─▶ exited
 *
 * Invariants, held by lifecycle.test.ts over random walks: exactly one deadline is armed in every state that
 * waits for the worker, none in held, standby, ready and exited; a worker is killed at most once; `release` happens once,
 * on the way into exited; `exit` is legal everywhere but in exited.
 *
 * Whoever spawns it arms `boot`: a thread is not spawned before the process that it is to run in has come up. That counts
 * as no part of its own boot, so the deadline is set anew.
 *
 * `drain` before `ready` kills: nothing is in flight yet. In `draining` it sets the deadline anew. A process that does not even end when killed (a stuck
 * kernel wait) is abandoned after the deadline `reap`, so that a stop always ends.
 */
export const WORKER_STATES = [
  'spawning',
  'booting',
  'held',
  'starting',
  'standby',
  'ready',
  'draining',
  'killing',
  'exited',
] as const
export type WorkerState = (typeof WORKER_STATES)[number]

export const WORKER_TIMERS = ['boot', 'grace', 'reap'] as const
export type WorkerTimer = (typeof WORKER_TIMERS)[number]

export const WORKER_EVENTS = [
  'spawned',
  'held',
  'start',
  'standby',
  'admit',
  'ready',
  'boot-failed',
  'drain',
  'kill',
  'timeout:boot',
  'timeout:grace',
  'timeout:reap',
  'exit',
] as const
export type WorkerEvent = (typeof WORKER_EVENTS)[number]

export type WorkerEffect =
  | { readonly do: 'arm' | 'disarm'; readonly timer: WorkerTimer }
  | { readonly do: 'send'; readonly message: 'init' | 'start' | 'admit' | 'drain' }
  | { readonly do: 'kill' }
  | { readonly do: 'release' }

export interface WorkerTransition {
  readonly to: WorkerState
  readonly effects: readonly WorkerEffect[]
}

type Table = Record<WorkerState, Partial<Record<WorkerEvent, WorkerTransition>>>

const arm = (timer: WorkerTimer): WorkerEffect => ({ do: 'arm', timer })
const disarm = (timer: WorkerTimer): WorkerEffect => ({ do: 'disarm', timer })
const send = (message: 'init' | 'start' | 'admit' | 'drain'): WorkerEffect => ({ do: 'send', message })

const killing = (...armed: WorkerTimer[]): WorkerTransition => ({
  to: 'killing',
  effects: [...armed.map(disarm), arm('reap'), { do: 'kill' }],
})
const exited = (...armed: WorkerTimer[]): WorkerTransition => ({
  to: 'exited',
  effects: [...armed.map(disarm), { do: 'release' }],
})

const TABLE: Table = {
  spawning: {
    spawned: { to: 'booting', effects: [disarm('boot'), arm('boot'), send('init')] },
    drain: killing('boot'),
    kill: killing('boot'),
    'timeout:boot': killing(),
    exit: exited('boot'),
  },
  booting: {
    held: { to: 'held', effects: [disarm('boot')] },
    'boot-failed': killing('boot'),
    drain: killing('boot'),
    kill: killing('boot'),
    'timeout:boot': killing(),
    exit: exited('boot'),
  },
  held: {
    start: { to: 'starting', effects: [arm('boot'), send('start')] },
    'boot-failed': killing(),
    drain: killing(),
    kill: killing(),
    exit: exited(),
  },
  starting: {
    standby: { to: 'standby', effects: [disarm('boot')] },
    ready: { to: 'ready', effects: [disarm('boot')] },
    'boot-failed': killing('boot'),
    drain: killing('boot'),
    kill: killing('boot'),
    'timeout:boot': killing(),
    exit: exited('boot'),
  },
  standby: {
    admit: { to: 'starting', effects: [arm('boot'), send('admit')] },
    'boot-failed': killing(),
    drain: killing(),
    kill: killing(),
    exit: exited(),
  },
  ready: {
    drain: { to: 'draining', effects: [arm('grace'), send('drain')] },
    kill: killing(),
    exit: exited(),
  },
  draining: {
    drain: { to: 'draining', effects: [disarm('grace'), arm('grace'), send('drain')] },
    kill: killing('grace'),
    'timeout:grace': killing(),
    exit: exited('grace'),
  },
  killing: {
    'timeout:reap': exited(),
    exit: exited('reap'),
  },
  exited: {},
}

/** What an event does to a worker; undefined: nothing, it is not for this state. */
export function transition(state: WorkerState, event: WorkerEvent): WorkerTransition | undefined {
  return TABLE[state][event]
}

/** Is a worker in this state still on its way to serve? */
export function isBooting(state: WorkerState): boolean {
  return state === 'spawning' || state === 'booting' || state === 'held' || state === 'starting' || state === 'standby'
}
