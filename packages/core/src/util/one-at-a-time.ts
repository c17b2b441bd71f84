/**
 * Runs `work` once at a time. Who asks while it runs shares the run that follows, so that nobody gets an answer that
 * is older than the question, and any number of askers costs two runs.
 */
export function oneAtATime<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  let next: Promise<T> | undefined
  const start = (): Promise<T> => {
    const run = work().finally(() => {
      if (running === run) running = undefined
    })
    running = run
    return run
  }
  const startNext = (): Promise<T> => {
    next = undefined
    return start()
  }
  return () => {
    if (next !== undefined) return next
    if (running === undefined) return start()
    next = running.then(startNext, startNext)
    return next
  }
}
