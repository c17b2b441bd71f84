import type { HandledSignal } from './signals.js'

export type SignalAction = 'stop' | 'quick' | 'kill' | 'reload' | 'more' | 'less' | 'nothing'

export interface SignalView {
  /** TERM and INT so far, this one not counted. */
  readonly stopsBefore: number
  /** Was the supervisor started on a terminal? Then HUP says that the terminal is gone. */
  readonly onTerminal: boolean
}

/** What a signal to the supervisor asks for. */
export function signalAction(signal: HandledSignal, view: SignalView): SignalAction {
  switch (signal) {
    case 'SIGTERM':
    case 'SIGINT':
      if (view.stopsBefore === 0) return 'stop'
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
