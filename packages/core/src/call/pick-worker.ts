export interface PickOptions {
  /** 0 ≤ n < 1, such as `Math.random`. */
  readonly random: () => number
  /** The least busy of all, not of two random ones: where each worker has a limit, a free one must be found. */
  readonly leastBusy: boolean
}

/** The worker that gets the next call; undefined: there is none. */
export function pickWorker<TWorker extends { readonly load: number }>(
  workers: readonly TWorker[],
  { random, leastBusy }: PickOptions,
): TWorker | undefined {
  const count = workers.length
  if (count < 2) return workers[0]
  const first = Math.floor(random() * count)
  if (leastBusy) return leastBusyFrom(workers, first)
  const second = (first + 1 + Math.floor(random() * (count - 1))) % count
  const [one, other] = [workers[first] as TWorker, workers[second] as TWorker]
  return other.load < one.load ? other : one
}

/** Ties go to the first after a random start, so that callers do not all begin with the same one. */
function leastBusyFrom<TWorker extends { readonly load: number }>(workers: readonly TWorker[], start: number): TWorker {
  let best = workers[start] as TWorker
  for (let step = 1; step < workers.length; step++) {
    const worker = workers[(start + step) % workers.length] as TWorker
    if (worker.load < best.load) best = worker
  }
  return best
}
