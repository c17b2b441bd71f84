/** When a change was seen: while the app starts, for the first time or again, soon after it, or later. */
export type AppPhase = 'first start' | 'start' | 'soon' | 'serving'

/** A file that keeps the app restarting is left alone after so many restarts in a row. */
const MOST_IN_A_ROW = 3
/** It may have been somebody who saves often: what is loaded has the app restarted once it serves, ever more rarely. */
const FIRST_WAIT_MS = 300
const LONGEST_WAIT_MS = 24 * 3_600_000

export interface FileChange {
  readonly file: string
  /** Has the entry loaded it? */
  readonly loaded: boolean
  readonly phase: AppPhase
  /** What is in it, in short; undefined: it is gone. */
  readonly digest: string | undefined
}

/** `later`: once the app serves. `give up`: the same for what is loaded, else not any more; it is the first time. */
export type Verdict = 'restart' | 'ignore' | 'later' | 'give up'

/**
 * Tells changes that somebody made from those that the app made itself, which must not restart it for ever:
 *
 * - What the entry has not loaded, and changes while the app starts for the first time, was written by it, and so was
 *   what changes at two starts in a row. It counts while the app serves, and not while it starts.
 * - What the entry has loaded, and has at a start what it had when it was changed last, was written anew.
 * - What alone caused several restarts in a row, each during a start or soon after, is given up: it restarts
 *   the app no more while that starts. What the entry has loaded still does so when it serves, after a wait that doubles
 *   each time, as it may be what somebody saved; and it counts as ever once it has been changed while the app served.
 */
export class WrittenFiles {
  readonly #atStart = new Map<string, string | undefined>()
  /** And how long each has the app wait. */
  readonly #givenUp = new Map<string, number>()
  #last = ''
  #inARow = 0

  judge({ file, loaded, phase, digest }: FileChange): Verdict {
    if (phase === 'serving' || (phase === 'soon' && loaded)) {
      if (this.#givenUp.has(file) && !loaded) return 'ignore'
      // Nobody but a person changes then what the app is made of.
      this.#givenUp.delete(file)
      if (this.#atStart.has(file)) this.#atStart.set(file, digest)
      this.#last = ''
      return 'restart'
    }
    const isGivenUp = this.#givenUp.has(file)
    if (isGivenUp && !loaded) return 'ignore'
    if (phase === 'soon') return this.#count(file)
    const isKnown = this.#atStart.has(file)
    const isSame = isKnown && this.#atStart.get(file) === digest
    this.#atStart.set(file, digest)
    if (loaded && isSame) return 'ignore'
    if (loaded) return isGivenUp ? 'later' : this.#count(file)
    return isKnown || phase === 'first start' ? 'ignore' : 'restart'
  }

  /** How long what was put off has to wait still, in ms. */
  waitMs(file: string): number {
    return this.#givenUp.get(file) ?? 0
  }

  /** The app restarts for what was put off: however often it was changed until then, that is one time. */
  noteRestart(file: string): void {
    const waited = this.#givenUp.get(file)
    if (waited !== undefined) this.#givenUp.set(file, Math.min(2 * waited, LONGEST_WAIT_MS))
  }

  #count(file: string): Verdict {
    this.#inARow = this.#last === file ? this.#inARow + 1 : 1
    this.#last = file
    if (this.#inARow <= MOST_IN_A_ROW) return 'restart'
    this.#givenUp.set(file, FIRST_WAIT_MS)
    return 'give up'
  }
}
