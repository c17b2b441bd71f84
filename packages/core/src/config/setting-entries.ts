/** One value of a layer (flags, environment, code, file), under its place among the settings. */
export interface SettingEntry {
  /** For example `['port']`, `['workers', 'Embedder']`, `['services', 'Embedder', 'restart', 'maxMs']`. */
  readonly path: readonly string[]
  readonly value: unknown
  /** For people: `flag --port`, `file ekiben.config.json`, … */
  readonly source: string
}

/** Values by path; a later one replaces an earlier one. */
export class SettingEntries {
  readonly #entries = new Map<string, SettingEntry>()

  /** What stood at that path before is replaced. */
  put(entry: SettingEntry): void {
    this.#entries.set(keyOf(entry.path), entry)
  }

  get(...path: readonly string[]): SettingEntry | undefined {
    return this.#entries.get(keyOf(path))
  }

  [Symbol.iterator](): IterableIterator<SettingEntry> {
    return this.#entries.values()
  }
}

/** Service names may hold dots, so paths are joined by what no name holds. */
function keyOf(path: readonly string[]): string {
  return path.join('\0')
}
