import { EXIT } from '../errors/exit-codes.js'
import type { Logger } from '../observe/logger.js'
import type { Server } from './server.js'
import type { SignalAction } from './signal-action.js'
import { SignalJudge } from './signal-judge.js'
import { type HandledSignal, listenForSignals, type ReleaseSignals } from './signals.js'

/** What signals steer. */
export interface SignalTarget extends Pick<Server, 'stop' | 'reload' | 'closed'> {
  stopQuickly(exitCode?: number): void
  kill(exitCode: number): void
  scaleEntryBy(count: number): void
}

/** A process that has not ended so long after its instance has other things to do: signals are its own again. */
const END_MS = 5_000

/**
 * Steers an instance by signals until the process ends with it; those that were held for it come first. What it returns
 * gives signals back to the process at once: one whose start has failed is never closed.
 */
export function controlBySignals(instance: SignalTarget, log: Logger, releaseHeld: ReleaseSignals): () => void {
  const judge = new SignalJudge({ onTerminal: process.stdin.isTTY === true })
  let isClosed = false
  const onSignal = (signal: HandledSignal): void => {
    if (isClosed) return
    const action = judge.judge(signal)
    log.info({ signal, action }, 'signal')
    carryOut(action, signal, instance)
  }
  const stopListening = listenForSignals(onSignal)
  void instance.closed.then(() => {
    isClosed = true
    // Not at once: a signal would end a process that is just about to end by itself, and with it its exit code.
    setTimeout(stopListening, END_MS).unref()
  })
  // Not before there is another listener: for a moment there would be none.
  releaseHeld().forEach(onSignal)
  return stopListening
}

function carryOut(action: SignalAction, signal: HandledSignal, instance: SignalTarget): void {
  const forcedExit = signal === 'SIGINT' ? EXIT.forcedByInterrupt : EXIT.forcedByTerminate
  switch (action) {
    case 'stop':
      void instance.stop()
      return
    case 'quick':
      instance.stopQuickly(signal === 'SIGQUIT' ? undefined : forcedExit)
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
