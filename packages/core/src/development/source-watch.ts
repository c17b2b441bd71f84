import { basename, dirname, join, relative } from 'node:path'
import type { Logger } from '../observe/logger.js'
import { entryAt, realPathAt } from './entries.js'
import { type ChangedFile, FileWatch } from './file-watch.js'
import { outputFolders } from './output-folders.js'
import { type AppPhase, WrittenFiles } from './written-files.js'

/** The clock that files are stamped with is behind by some milliseconds. */
const CLOCK_GRAIN_MS = 10
/** What an app writes as it starts may be finished when it is ready already. */
const SETTLE_MS = 300
/** What it writes so soon after may be its own as well. */
const SOON_MS = 3_000

export interface SourceWatchOptions {
  readonly workingDir: string
  readonly onChange: (files: readonly string[]) => void
  readonly log: Logger
}

/** Says when somebody has changed the code of an app: below its working directory, and all that it has loaded. */
export class SourceWatch {
  readonly #options: SourceWatchOptions
  #root: string
  #files: FileWatch
  readonly #written = new WrittenFiles()
  #loaded = new Set<string>()
  /** Of the run before: until the next is ready, it may not have come to them. */
  #before: ReadonlySet<string> = new Set()
  #run = 0
  /** Has it never been restarted? */
  #isFirst = true
  #readyAt: number | undefined
  /** Nothing runs since then. */
  #failedAt: number | undefined
  /** This run came to nothing, whether or not the one before serves on. */
  #hasFailed = false
  /** Given up, and loaded by the entry: somebody may have saved them since. */
  readonly #owed = new Set<string>()
  #owedTimer: NodeJS.Timeout | undefined
  /** Taken for what the app writes as it starts, though it has not said yet what it loads. */
  readonly #unclear = new Set<string>()
  /** Those among them for which a start that failed has been tried again, since it served last. */
  readonly #tried = new Set<string>()

  constructor(options: SourceWatchOptions) {
    this.#options = options
    this.#root = realPathAt(options.workingDir) ?? options.workingDir
    this.#files = this.#watchRoot()
    this.#tell()
  }

  /** Another run begins. */
  onStart(run: number): void {
    this.#isFirst = this.#run === 0
    this.#run = run
    this.#before = new Set([...this.#before, ...this.#loaded])
    this.#loaded = new Set()
    this.#readyAt = undefined
    this.#failedAt = undefined
    this.#hasFailed = false
    clearTimeout(this.#owedTimer)
    this.#followRoot()
  }

  /** This run came to nothing: what changes from now on is somebody's, and what was put off may have mended it. */
  onFailed(): void {
    this.#failedAt = Date.now()
    this.#hasFailed = true
    this.#oweUnclear()
    this.#settleOwed()
  }

  /** The app serves: what it has loaded now is all that it is made of, unless the run before serves on. */
  onReady({ isWhole = true } = {}): void {
    this.#readyAt = Date.now()
    if (isWhole) {
      this.#before = new Set()
      this.#unclear.clear()
      this.#tried.clear()
    }
    this.#hasFailed = !isWhole
    this.#oweUnclear()
    this.#tell()
    this.#settleOwed()
  }

  /** What a run has loaded. */
  learn(run: number, files: readonly string[]): void {
    if (run < this.#run) return
    for (const file of files) {
      this.#loaded.add(file)
      if (this.#unclear.delete(file)) this.#owed.add(file)
    }
    this.#tell()
  }

  close(): void {
    clearTimeout(this.#owedTimer)
    this.#files.close()
  }

  #watchRoot(): FileWatch {
    const { log } = this.#options
    const output = outputFolders(this.#root)
    return new FileWatch({ root: this.#root, output, onChange: (changed) => this.#judge(changed), log })
  }

  /** A link may lead to the working directory, and to another one than before. */
  #followRoot(): void {
    const root = realPathAt(this.#options.workingDir) ?? this.#root
    if (root === this.#root) return
    this.#root = root
    this.#files.close()
    this.#files = this.#watchRoot()
    this.#tell()
  }

  #tell(): void {
    const links = linksOnTheWay(this.#options.workingDir)
    this.#files.setLoaded(new Set([...this.#before, ...this.#loaded, ...links]))
  }

  #judge(changed: readonly ChangedFile[]): void {
    let isPutOff = false
    const counted = changed.filter((change) => {
      const verdict = this.#written.judge({ ...change, phase: this.#phase(change.changedAt) })
      if (verdict === 'give up') this.#giveUp(change)
      if (change.loaded && (verdict === 'give up' || verdict === 'later')) {
        this.#owed.add(change.file)
        isPutOff = true
      }
      const isOver = this.#readyAt !== undefined && !this.#hasFailed
      if (!change.loaded && verdict === 'ignore' && !isOver) this.#unclear.add(change.file)
      return verdict === 'restart'
    })
    if (this.#hasFailed && this.#oweUnclear()) isPutOff = true
    if (isPutOff && (this.#readyAt ?? this.#failedAt) !== undefined) this.#settleOwed()
    if (counted.length > 0) this.#options.onChange(counted.map(({ file }) => file))
  }

  #phase(changedAt: number): AppPhase {
    if (this.#failedAt !== undefined && changedAt >= this.#failedAt) return 'serving'
    const sinceReadyMs = this.#readyAt === undefined ? Number.NEGATIVE_INFINITY : changedAt - this.#readyAt
    if (sinceReadyMs < -CLOCK_GRAIN_MS) return this.#isFirst ? 'first start' : 'start'
    if (sinceReadyMs < SETTLE_MS) return 'start'
    return sinceReadyMs < SOON_MS ? 'soon' : 'serving'
  }

  #giveUp({ file, loaded }: ChangedFile): void {
    const shown = relative(this.#root, file)
    const last = loaded
      ? 'it restarts it only once it serves, and waits twice as long each time'
      : 'it restarts it no more'
    this.#options.log.warn({ file: shown }, `written at each start, by the app itself as it seems: ${last}`)
  }

  /** A start has failed: what changed meanwhile, and it did not load, may be what it lacked. Else it will write it again. */
  #oweUnclear(): boolean {
    const owed = [...this.#unclear].filter((file) => !this.#tried.has(file))
    for (const file of owed) this.#owed.add(file)
    for (const file of owed) this.#tried.add(file)
    this.#unclear.clear()
    return owed.length > 0
  }

  /** What was taken for the app's own may have been somebody who saves often: what serves may not be what they saved. */
  #settleOwed(): void {
    if (this.#owed.size === 0) return
    clearTimeout(this.#owedTimer)
    const waitMs = Math.min(...[...this.#owed].map((file) => this.#written.waitMs(file)))
    this.#owedTimer = setTimeout(() => {
      const files = [...this.#owed]
      this.#owed.clear()
      for (const file of files) this.#written.noteRestart(file)
      this.#options.onChange(files)
    }, waitMs)
    this.#owedTimer.unref()
  }
}

/** Links among a path and the folders above it, each where it really lies. */
function linksOnTheWay(path: string): readonly string[] {
  const above = dirname(path)
  if (above === path) return []
  const folder = entryAt(path)?.isSymbolicLink() === true ? realPathAt(above) : undefined
  return [...linksOnTheWay(above), ...(folder === undefined ? [] : [join(folder, basename(path))])]
}
