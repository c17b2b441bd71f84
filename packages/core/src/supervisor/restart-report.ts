import type { Logger } from '../observe/logger.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import { RESTART_BUDGET } from './restart-budget.js'
import type { Gate, TriedSlot } from './service-restarts.js'
import { explainExit } from './worker-exit.js'

/** What the log of a service says of its deaths and restarts; what lasts is said once. */
export class RestartReport {
  readonly #log: Logger
  readonly #onRestart: (reason: string) => void
  #isOverBudget = false

  /** `onRestart`: told of each, with its reason in a few words. */
  constructor(log: Logger, onRestart: (reason: string) => void) {
    this.#log = log
    this.#onRestart = onRestart
  }

  died({ identity, pid, record, lastOutput }: WorkerHandle, restartInMs: number): void {
    const { text: exit, reason } = explainExit(record)
    this.#log.error({ slot: identity.slot, workerPid: pid, exit, reason, restartInMs, lastOutput }, 'worker died')
    this.#onRestart(reason)
  }

  replacing({ identity, pid }: WorkerHandle, reason: string): void {
    this.#log.info({ slot: identity.slot, workerPid: pid, reason }, 'replacing a worker')
    this.#onRestart(reason)
  }

  /** Its service says whether it can take calls. */
  saidReady({ identity, pid }: WorkerHandle, isReady: boolean): void {
    const fields = { slot: identity.slot, workerPid: pid }
    if (isReady) this.#log.info(fields, 'a worker takes calls again: it says that it is ready')
    else this.#log.warn(fields, 'a worker takes no calls: it says that it is not ready')
  }

  looked({ recovered, overBudget }: Gate<TriedSlot>): void {
    if (recovered) this.#log.info({}, 'workers stay up again')
    if (overBudget && !this.#isOverBudget) {
      this.#log.warn({ ...RESTART_BUDGET }, 'too many restarts of all services together; the next ones wait')
    }
    this.#isOverBudget = overBudget
  }
}
