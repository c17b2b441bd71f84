import { monotonicMs } from '../util/monotonic.js'
import { isUnderNpm } from './is-under-npm.js'
import { type SignalAction, type SignalView, signalAction } from './signal-action.js'
import type { HandledSignal } from './signals.js'

/** Remembers which signals came, and says of each what it asks for. */
export class SignalJudge {
  readonly #onTerminal: boolean
  readonly #underNpm = isUnderNpm()
  #stopsBefore = 0
  #lastStopAt = monotonicMs()
  #hasEchoed = false

  constructor({ onTerminal }: Pick<SignalView, 'onTerminal'>) {
    this.#onTerminal = onTerminal
  }

  judge(signal: HandledSignal): SignalAction {
    const now = monotonicMs()
    const action = signalAction(signal, {
      stopsBefore: this.#stopsBefore,
      sinceLastStopMs: now - this.#lastStopAt,
      underNpm: this.#underNpm,
      hasEchoed: this.#hasEchoed,
      onTerminal: this.#onTerminal,
    })
    if (signal !== 'SIGTERM' && signal !== 'SIGINT') return action
    this.#hasEchoed = action === 'nothing'
    if (action !== 'nothing') {
      this.#stopsBefore++
      this.#lastStopAt = now
    }
    return action
  }
}
