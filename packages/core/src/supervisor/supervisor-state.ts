/**
 * The life of an instance.
 *
 *   starting ─▶ running ─▶ draining ─▶ stopped
 *       │                     ▲
 *       └──── stop, failure ──┘
 *
 * A reload will be a state of its own between running and running.
 */
export const SUPERVISOR_STATES = ['starting', 'running', 'draining', 'stopped'] as const
export type SupervisorState = (typeof SUPERVISOR_STATES)[number]

export const SUPERVISOR_EVENTS = ['ready', 'stop', 'failed', 'drained'] as const
export type SupervisorEvent = (typeof SUPERVISOR_EVENTS)[number]

const TABLE: Record<SupervisorState, Partial<Record<SupervisorEvent, SupervisorState>>> = {
  starting: { ready: 'running', stop: 'draining', failed: 'draining' },
  running: { stop: 'draining' },
  draining: { drained: 'stopped' },
  stopped: {},
}

/** The state after an event; undefined: the event is not for this state. */
export function nextSupervisorState(state: SupervisorState, event: SupervisorEvent): SupervisorState | undefined {
  return TABLE[state][event]
}
