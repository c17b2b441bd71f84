import type { AppRun } from './app-run.js'

/** Runs that have been told to make way and have not ended: the next one loads its code meanwhile. */
export class LeavingRuns {
  readonly #runs = new Set<AppRun>()

  add(run: AppRun): void {
    this.#runs.add(run)
    void run.ended.then(() => this.#runs.delete(run))
  }

  leave(timeoutMs: number, keepAliveDrainMs: number): void {
    for (const run of this.#runs) run.leave(timeoutMs, keepAliveDrainMs)
  }

  kill(): void {
    for (const run of this.#runs) run.kill()
  }

  /** Resolves when none is left of those that are here now. */
  async ended(): Promise<void> {
    await Promise.all([...this.#runs].map(({ ended }) => ended))
  }
}
