import type { Logger } from '../observe/logger.js'
import { SUPERVISION_DEFAULTS } from '../plan/supervision-defaults.js'
import type { Runner } from '../runner/runner.js'
import { monotonicMs } from '../util/monotonic.js'
import { MovingDeadline } from '../util/moving-deadline.js'
import { sharedSlot } from '../util/shared-state.js'

/** What calls get where nobody ends this process by a deadline of its own: as much as under a supervisor. */
export const LAST_CALLS_MS = SUPERVISION_DEFAULTS.drainTimeoutMs

/** What is left for `onStop` of the time in which a process ends. */
export const ON_STOP_MS = 500

interface OfProcess {
  /** On the monotonic clock. */
  endsAt: number | undefined
  readonly waiting: Set<MovingDeadline>
}

const ofProcess = (): OfProcess => sharedSlot('last-calls', () => ({ endsAt: undefined, waiting: new Set() }))

/** This process ends: services that stop wait no longer than this for their calls. The last word counts; undefined: it goes on. */
export function limitLastCalls(timeoutMs: number | undefined): void {
  const shared = ofProcess()
  shared.endsAt = timeoutMs === undefined ? undefined : monotonicMs() + timeoutMs
  if (timeoutMs !== undefined) for (const deadline of shared.waiting) deadline.set(Math.max(0, timeoutMs))
}

/** A service that is about to stop. */
export interface EndingService {
  readonly service: string
  readonly runner: Pick<Runner, 'whenIdle' | 'inFlight' | 'calls'>
}

/**
 * Waits for calls of services that stop, one service after another: a call whose client has left, or was told that its
 * time is up, may still run. All of them have one time together.
 */
export class LastCalls {
  readonly #log: Logger
  readonly #endsAt: number

  constructor(log: Logger, limitMs: number = LAST_CALLS_MS) {
    this.#log = log
    this.#endsAt = monotonicMs() + limitMs
  }

  /** Resolves when none runs, or none is waited for any more. */
  async of({ service, runner }: EndingService): Promise<void> {
    if (runner.inFlight === 0) return
    const { endsAt = this.#endsAt, waiting } = ofProcess()
    const deadline = new MovingDeadline()
    deadline.set(Math.max(0, endsAt - monotonicMs()))
    waiting.add(deadline)
    await Promise.race([runner.whenIdle(), deadline.passed])
    deadline.clear()
    waiting.delete(deadline)
    if (runner.inFlight === 0) return
    const apis = [...new Set(runner.calls.running.map(({ api }) => api))]
    this.#log.warn({ service, apis, calls: runner.inFlight }, `'${service}' is stopped although calls of it still run`)
  }
}
