export const HANDLED_SIGNALS = [
  'SIGTERM',
  'SIGINT',
  'SIGQUIT',
  'SIGHUP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
] as const
export type HandledSignal = (typeof HANDLED_SIGNALS)[number]

/** Listens for every signal the supervisor has an answer to; returns what takes the listeners off again. */
export function listenForSignals(onSignal: (signal: HandledSignal) => void): () => void {
  const listeners = HANDLED_SIGNALS.map((signal) => [signal, () => onSignal(signal)] as const)
  // SIGUSR1 without a listener opens the inspector's port; with one it does nothing.
  for (const [signal, listener] of listeners) process.on(signal, listener)
  return () => {
    for (const [signal, listener] of listeners) process.removeListener(signal, listener)
  }
}

/** Gives back the signals that came, and keeps no more. */
export type ReleaseSignals = () => readonly HandledSignal[]

/** Keeps signals while there is nobody yet who answers them: they would end the process, and leave behind what it has made. */
export function holdSignals(): ReleaseSignals {
  const held: HandledSignal[] = []
  const release = listenForSignals((signal) => held.push(signal))
  return () => {
    release()
    return held.splice(0)
  }
}
