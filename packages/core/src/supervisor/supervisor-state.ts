/**
 * The life of an instance.
 *
 *   starting ─▶ running ◀─▶ reloading ─▶ mixed
 *                                ▲─────────┘
 *
 *   any of these ─▶ draining ─▶ stopped
 *
 * mixed: a rollout went wrong half-way; some workers are of the new generation, the rest of the old one.
 */
export const SUPERVISOR_STATES = ['starting', 'running', 'reloading', 'mixed', 'draining', 'stopped'] as const
export type SupervisorState = (typeof SUPERVISOR_STATES)[number]

export const SUPERVISOR_EVENTS = ['ready', 'reload', 'reloaded', 'mixed', 'stop', 'failed', 'drained'] as const
export type SupervisorEvent = (typeof SUPERVISOR_EVENTS)[number]

const TABLE: Record<SupervisorState, Partial<Record<SupervisorEvent, SupervisorState>>> = {
  starting: { ready: 'running', stop: 'draining', failed: 'draining' },
  running: { reload: 'reloading', stop: 'draining' },
  reloading: { reloaded: 'running', mixed: 'mixed', stop: 'draining' },
  mixed: { reload: 'reloading', stop: 'draining' },
  draining: { drained: 'stopped' },
  stopped: {},
}

/** The state after an event; undefined: the event is not for this state. */
export function nextSupervisorState(state: SupervisorState, event: SupervisorEvent): SupervisorState | undefined {
  return TABLE[state][event]
}
