import { createHash } from 'node:crypto'
import { type FSWatcher, readdirSync, readFileSync, readlinkSync, statSync, watch } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { Logger } from '../observe/logger.js'
import { entryAt, targetAt } from './entries.js'
import { isWatchedFile, isWatchedFolder } from './watch-rules.js'

/** Many files that change at once, and a file that is written in pieces, are one change. */
const QUIET_MS = 50
/** Somebody who never stops writing does not put it off for ever. */
const LONGEST_MS = 500

/** Of a larger one its size and time have to do. */
const LARGEST_READ = 4 * 1024 * 1024

export interface ChangedFile {
  readonly file: string
  /** Has the entry loaded it? Of a link: it may be on the way to what it has loaded. */
  readonly loaded: boolean
  readonly digest: string | undefined
  /** When, by the clock of the day; of one that is gone: now. */
  readonly changedAt: number
}

export interface FileWatchOptions {
  /** Real path of the folder that is watched whole, less what `isWatchedFolder` leaves out. */
  readonly root: string
  /** Paths of further folders that are left out, from the root on. */
  readonly output: ReadonlySet<string>
  readonly onChange: (changed: readonly ChangedFile[]) => void
  readonly log: Logger
}

interface WatchedFolder {
  readonly watcher: FSWatcher
  /** Which one it is: another may take its place. */
  readonly identity: string | undefined
  /** All of it counts; else only what was loaded from it. */
  readonly whole: boolean
  /** What is in it. */
  names: ReadonlySet<string>
}

/**
 * Says which files have changed. It watches folders and no files: an editor that saves by renaming puts another file in
 * the place of the one that was watched. And each folder by itself: on Linux Node watches below a folder by code of its
 * own, which loses events and throws for files that are gone.
 */
export class FileWatch {
  readonly #options: FileWatchOptions
  readonly #folders = new Map<string, WatchedFolder>()
  readonly #stamps = new Map<string, string>()
  #loaded: ReadonlySet<string> = new Set()
  /** By folder, the names that were told of; all of them where the system told no name. */
  #told = new Map<string, Set<string> | 'all'>()
  #firstToldAt = 0
  #timer: NodeJS.Timeout | undefined
  #isFull = false

  constructor(options: FileWatchOptions) {
    this.#options = options
    this.#enter(options.root)
  }

  /** What the entry has loaded: real paths. Those outside the root are watched too. */
  setLoaded(files: ReadonlySet<string>): void {
    this.#loaded = files
    for (const folder of new Set([...files].map((file) => dirname(file)))) {
      if (!this.#folders.has(folder)) this.#follow(folder)
    }
  }

  /** A folder that is made anew is told of where it lies; where that is gone too, it has to be made first. */
  #follow(folder: string): void {
    this.#watch(folder, false)
    const above = dirname(folder)
    if (this.#folders.has(above) || above === folder) return
    if (isFolder(folder)) this.#watch(above, false)
    else this.#follow(above)
    // It was made meanwhile.
    if (!this.#folders.has(folder) && isFolder(folder)) this.#watch(folder, false)
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const { watcher } of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  /** Watches a folder and those below it. */
  #enter(folder: string): readonly string[] {
    const names = this.#watch(folder, true)
    const files: string[] = []
    for (const name of names) {
      const path = join(folder, name)
      if (!isFolder(path)) files.push(path)
      else if (this.#isWatched(path)) files.push(...this.#enter(path))
    }
    return files
  }

  #isWatched(folder: string): boolean {
    const { root, output } = this.#options
    return isWatchedFolder(relative(root, folder), output)
  }

  #watch(folder: string, whole: boolean): ReadonlySet<string> {
    this.#leave(folder)
    const identity = identityOf(folder)
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => this.#tell(folder, name))
      watcher.on('error', () => this.#leave(folder))
      const names = namesIn(folder)
      this.#folders.set(folder, { watcher, identity, whole, names })
      return names
    } catch (error) {
      this.#refused(folder, error as NodeJS.ErrnoException)
      return new Set()
    }
  }

  #leave(folder: string): void {
    this.#folders.get(folder)?.watcher.close()
    this.#folders.delete(folder)
  }

  #tell(folder: string, name: string | null): void {
    const told = this.#told.get(folder) ?? new Set()
    if (name === null) this.#told.set(folder, 'all')
    else if (told !== 'all') this.#told.set(folder, told.add(name))
    const now = performance.now()
    if (this.#timer === undefined) this.#firstToldAt = now
    clearTimeout(this.#timer)
    const waitMs = Math.min(QUIET_MS, this.#firstToldAt + LONGEST_MS - now)
    this.#timer = setTimeout(() => this.#look(), Math.max(0, waitMs))
  }

  #look(): void {
    this.#timer = undefined
    const told = this.#told
    this.#told = new Map()
    const changed = [...told].flatMap(([folder, names]) => this.#changesIn(folder, names))
    const counted = [...new Set(changed)].filter((file) => this.#counts(file) && this.#isNew(file))
    if (counted.length === 0) return
    this.#options.onChange(
      counted.map((file) => ({
        file,
        loaded: this.#loaded.has(file) || isLink(file),
        digest: digestOf(file),
        changedAt: changedAt(file),
      })),
    )
  }

  /** Files that may have changed: those that were told of, and all of a folder that came or went. */
  #changesIn(folder: string, told: ReadonlySet<string> | 'all'): readonly string[] {
    const known = this.#folders.get(folder)
    if (known === undefined) return []
    if (!isFolder(folder)) return this.#gone(folder)
    const names = namesIn(folder)
    const before = known.names
    known.names = names
    const candidates = told === 'all' ? new Set([...before, ...names]) : told
    const files: string[] = []
    for (const name of candidates) {
      const path = join(folder, name)
      if (this.#folders.has(path) && !isFolder(path)) files.push(...this.#gone(path))
      else if (isFolder(path)) files.push(...this.#come(path, known))
      // A file that came and went between two looks was nobody's.
      else if (before.has(name) || names.has(name)) files.push(path)
    }
    return files
  }

  #come(folder: string, above: WatchedFolder): readonly string[] {
    const known = this.#folders.get(folder)
    if (known?.identity === identityOf(folder)) return []
    // It went and came between two looks: what is watched is the one that went.
    const gone = known === undefined ? [] : this.#gone(folder)
    if (above.whole && this.#isWatched(folder)) return [...gone, ...this.#enter(folder)]
    const loaded = [...this.#loaded].filter((file) => file.startsWith(folder + sep))
    if (loaded.length > 0) this.setLoaded(this.#loaded)
    return [...gone, ...loaded]
  }

  /** What was loaded from it, or is below it, has changed with it. */
  #gone(folder: string): readonly string[] {
    const below = [...this.#folders.keys()].filter((each) => each === folder || each.startsWith(folder + sep))
    const files = below.flatMap((each) => [...(this.#folders.get(each)?.names ?? [])].map((name) => join(each, name)))
    for (const each of below) this.#leave(each)
    return files
  }

  #counts(file: string): boolean {
    if (this.#loaded.has(file)) return true
    return this.#folders.get(dirname(file))?.whole !== false && isWatchedFile(basename(file)) && this.#isBelow(file)
  }

  #isBelow(file: string): boolean {
    return !relative(this.#options.root, file).startsWith('..')
  }

  /** The system tells of one change several times, and of some that are none. */
  #isNew(file: string): boolean {
    const stamp = stampOf(file)
    const isSame = this.#stamps.get(file) === stamp
    this.#stamps.set(file, stamp)
    return !isSame
  }

  #refused(folder: string, { code, message }: NodeJS.ErrnoException): void {
    // It went while it was being looked at.
    if (code === 'ENOENT' || code === 'ENOTDIR' || this.#isFull) return
    this.#isFull = code === 'ENOSPC' || code === 'EMFILE'
    const hint = this.#isFull ? 'raise fs.inotify.max_user_watches (or max_user_instances) with sysctl' : undefined
    this.#options.log.warn({ folder, reason: message, hint }, 'a folder cannot be watched: its changes are not seen')
  }
}

function namesIn(folder: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(folder))
  } catch {
    return new Set()
  }
}

/** A link to a folder is a file here: what is behind it is watched where it is, once it is loaded. */
function isFolder(path: string): boolean {
  return entryAt(path)?.isDirectory() === true
}

/** A number may be given to another one as soon as it is free. */
function identityOf(folder: string): string | undefined {
  const found = entryAt(folder)
  return found && `${found.dev} ${found.ino} ${found.birthtimeNs}`
}

function isLink(path: string): boolean {
  return entryAt(path)?.isSymbolicLink() === true
}

function stampOf(file: string): string {
  const link = entryAt(file)
  if (link === undefined) return 'gone'
  const target = link.isSymbolicLink() ? targetAt(file) : link
  return `${link.ino} ${link.mtimeNs} ${target?.ino} ${target?.mtimeNs} ${target?.size}`
}

/**
 * A rename changes it too, and the time that a file was written last may be set to anything. A link that comes to lead
 * elsewhere has changed, though what it leads to may be old.
 */
function changedAt(file: string): number {
  const [link, target] = [entryAt(file), targetAt(file)].map((found) => found && Number(found.ctimeNs) / 1e6)
  return link === undefined ? Date.now() : Math.max(link, target ?? 0)
}

function digestOf(file: string): string | undefined {
  try {
    const way = isLink(file) ? `${readlinkSync(file)} ` : ''
    const target = statSync(file)
    if (target.isDirectory()) return way
    if (target.size > LARGEST_READ) return `${way}${target.size} ${target.mtimeMs}`
    return way + createHash('sha256').update(readFileSync(file)).digest('base64')
  } catch {
    return undefined
  }
}
