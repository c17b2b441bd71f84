import { EXIT } from '../errors/exit-codes.js'
import type { Logger } from '../observe/logger.js'
import { monotonicMs } from '../util/monotonic.js'
import { isUnderNpm } from './is-under-npm.js'
import type { Server } from './server.js'
import { signalAction } from './signal-action.js'
import { type HandledSignal, listenForSignals } from './signals.js'

/** What signals steer. */
export interface SignalTarget extends Pick<Server, 'stop' | 'reload' | 'closed'> {
  stopQuickly(exitCode?: number): void
  kill(exitCode: number): void
  scaleEntryBy(count: number): void
}

/** Steers an instance by signals until it is closed. */
export function controlBySignals(instance: SignalTarget, log: Logger): void {
  const onTerminal = process.stdin.isTTY === true
  const underNpm = isUnderNpm()
  let stopsBefore = 0
  let lastStopAt = monotonicMs()
  const onSignal = (signal: HandledSignal): void => {
    const sinceLastStopMs = monotonicMs() - lastStopAt
    const action = signalAction(signal, { stopsBefore, sinceLastStopMs, underNpm, onTerminal })
    const forcedExit = signal === 'SIGINT' ? EXIT.forcedByInterrupt : EXIT.forcedByTerminate
    const again = stopsBefore > 0
    if (action !== 'nothing' && (signal === 'SIGTERM' || signal === 'SIGINT')) {
      stopsBefore++
      lastStopAt = monotonicMs()
    }
    log.info({ signal, action }, 'signal')
    switch (action) {
      case 'stop':
        void instance.stop()
        return
      case 'quick':
        instance.stopQuickly(again && signal !== 'SIGQUIT' ? forcedExit : undefined)
        return
      case 'kill':
        instance.kill(forcedExit)
        return
      case 'more':
        instance.scaleEntryBy(1)
        return
      case 'less':
        instance.scaleEntryBy(-1)
        return
      case 'reload':
        // Its outcome is logged, and kept for the status.
        void instance.reload().catch(() => {})
        return
      case 'nothing':
        return
    }
  }
  const stopListening = listenForSignals(onSignal)
  void instance.closed.then(stopListening)
}
