/** When a change was seen: while the app starts, for the first time or again, soon after it, or later. */
export type AppPhase = 'first start' | 'start' | 'soon' | 'serving'

/** A file that keeps the app restarting is left alone after so many restarts in a row. */
const MOST_IN_A_ROW = 3
/** It may have been somebody who saves often: so often what is loaded has the app restarted once it serves. */
const LAST_CHANCES = 4

export interface FileChange {
  readonly file: string
  /** Has the entry loaded it? */
  readonly loaded: boolean
  readonly phase: AppPhase
  /** What is in it, in short; undefined: it is gone. */
  readonly digest: string | undefined
}

/** `later`: when the app serves. `give up`: the same for what is loaded, else not any more; it is the first time. */
export type Verdict = 'restart' | 'ignore' | 'later' | 'give up'

/**
 * Tells changes that somebody made from those that the app made itself, which must not restart it for ever:
 *
 * - What the entry has not loaded, and changes while the app starts for the first time, was written by it, and so was
 *   what changes at two starts in a row. It counts while the app serves, and not while it starts.
 * - What the entry has loaded, and has at a start what it had at the last, was written anew.
 * - What alone caused several restarts in a row, each during a start or soon after, is given up: it restarts
 *   the app no more while that starts. What the entry has loaded does so some times more when it serves, and counts as
 *   ever once it has been changed while the app served.
 */
export class WrittenFiles {
  readonly #atStart = new Map<string, string | undefined>()
  /** And how many chances each has left. */
  readonly #givenUp = new Map<string, number>()
  #last = ''
  #inARow = 0

  judge({ file, loaded, phase, digest }: FileChange): Verdict {
    if (phase === 'serving' || (phase === 'soon' && loaded)) {
      if (this.#givenUp.has(file) && !loaded) return 'ignore'
      // Nobody but a person changes then what the app is made of.
      this.#givenUp.delete(file)
      this.#last = ''
      return 'restart'
    }
    const chances = this.#givenUp.get(file)
    if (chances !== undefined && !loaded) return 'ignore'
    if (phase === 'soon') return this.#count(file)
    const isKnown = this.#atStart.has(file)
    const isSame = isKnown && this.#atStart.get(file) === digest
    this.#atStart.set(file, digest)
    if (loaded && chances !== undefined) return isSame || chances === 0 ? 'ignore' : 'later'
    if (loaded) return isSame ? 'ignore' : this.#count(file)
    return isKnown || phase === 'first start' ? 'ignore' : 'restart'
  }

  /** The app restarts for what was put off: however often it was changed until then, that is one chance. */
  takeChance(file: string): void {
    const left = this.#givenUp.get(file)
    if (left !== undefined) this.#givenUp.set(file, Math.max(0, left - 1))
  }

  #count(file: string): Verdict {
    this.#inARow = this.#last === file ? this.#inARow + 1 : 1
    this.#last = file
    if (this.#inARow <= MOST_IN_A_ROW) return 'restart'
    this.#givenUp.set(file, LAST_CHANCES)
    return 'give up'
  }
}
