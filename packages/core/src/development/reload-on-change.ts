import type { ServeSettings } from '../config/serve-settings.js'
import { isServiceError } from '../errors/service-error.js'
import type { Logger } from '../observe/logger.js'
import type { Server } from '../supervisor/server.js'
import { nameFiles } from './name-files.js'
import { showFailure } from './show-failure.js'
import { SourceWatch } from './source-watch.js'

/** `--reload` in production: a change of a file is a rolling reload. One that is refused is shown, and the old serves on. */
export class ReloadOnChange {
  readonly #settings: ServeSettings
  readonly #log: Logger
  readonly #watch: SourceWatch
  /** The newest that anybody has told of, and what was loaded for it. */
  #generation = 1
  #loaded = new Set<string>()
  #server: Server | undefined
  #isChanged = false
  #isReloading = false

  /** What changes from now on counts, though there is nothing to be reloaded before `follow`. */
  constructor(settings: ServeSettings, log: Logger) {
    this.#settings = settings
    this.#log = log
    this.#watch = new SourceWatch({ workingDir: settings.workingDir, onChange: (files) => this.#note(files), log })
    this.#watch.onStart(this.#generation)
  }

  /** A worker of this generation has loaded these. */
  learn(generation: number, files: readonly string[]): void {
    if (generation > this.#generation) this.#loaded = new Set()
    this.#generation = Math.max(this.#generation, generation)
    for (const file of files) this.#loaded.add(file)
    this.#watch.learn(generation, files)
  }

  /** It serves: reloaded from now on until it is gone, and at once for what has changed while it started. */
  follow(server: Server): void {
    this.#server = server
    this.#watch.onReady()
    void server.closed.then(() => this.close())
    void this.#reloadChanged()
  }

  close(): void {
    this.#watch.close()
  }

  #note(files: readonly string[]): void {
    this.#log.info(nameFiles(files, this.#settings.workingDir), 'changed: reloading')
    this.#isChanged = true
    void this.#reloadChanged()
  }

  /** One at a time: what changes in the middle of a reload is for the next. */
  async #reloadChanged(): Promise<void> {
    if (this.#server === undefined || this.#isReloading) return
    this.#isReloading = true
    while (this.#isChanged) {
      this.#isChanged = false
      await this.#reload(this.#server)
    }
    this.#isReloading = false
  }

  async #reload(server: Server): Promise<void> {
    // Its number may be a higher one, where others have been refused before they loaded anything.
    this.#watch.onStart(this.#generation + 1)
    try {
      await server.reload()
      this.#watch.onReady()
    } catch (error) {
      this.#watch.onReady({ isWhole: false })
      if (isServiceError(error, 'EKB_ERR_RELOAD_STOPPED')) return
      const { detail } = error as { detail?: { lastOutput?: string } }
      showFailure(error as Error, { output: detail?.lastOutput ?? '', loaded: [...this.#loaded] })
    }
  }
}
