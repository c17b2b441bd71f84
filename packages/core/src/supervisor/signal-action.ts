import type { HandledSignal } from './signals.js'

export type SignalAction = 'stop' | 'quick' | 'kill' | 'reload' | 'more' | 'less' | 'nothing'

export interface SignalView {
  /** TERM and INT so far, this one not counted. */
  readonly stopsBefore: number
  /** Milliseconds since the last of them; 0 when there was none. */
  readonly sinceLastStopMs: number
  /** Does npm stand above us? It hands on each signal of the terminal, which we got already. */
  readonly underNpm: boolean
  /** Was one taken for such since the last of them? */
  readonly hasEchoed: boolean
  /** Was the supervisor started on a terminal? Then HUP says that the terminal is gone. */
  readonly onTerminal: boolean
}

/** Two signals of a Ctrl-C under npm come closer together than any two of a hand. */
const ECHO_MS = 500
/** On a busy machine npm, or we ourselves, may stand still for a while: the one that is still due may come so late. */
const LATE_ECHO_MS = 2_000

/** What a signal to the supervisor asks for. */
export function signalAction(signal: HandledSignal, view: SignalView): SignalAction {
  switch (signal) {
    case 'SIGTERM':
    case 'SIGINT':
      if (view.stopsBefore === 0) return 'stop'
      if (view.underNpm && isEcho(view)) return 'nothing'
      return view.stopsBefore === 1 ? 'quick' : 'kill'
    case 'SIGQUIT':
      return 'quick'
    case 'SIGHUP':
      return view.onTerminal ? 'stop' : 'reload'
    case 'SIGTTIN':
      return 'more'
    case 'SIGTTOU':
      return 'less'
    case 'SIGUSR1':
    case 'SIGUSR2':
    case 'SIGWINCH':
      return 'nothing'
  }
}

function isEcho({ sinceLastStopMs, hasEchoed }: SignalView): boolean {
  return sinceLastStopMs < (hasEchoed ? ECHO_MS : LATE_ECHO_MS)
}
