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
  readonly #loaded = new Map<number, string[]>()
  #watch: SourceWatch | undefined
  #generation = 1

  constructor(settings: ServeSettings, log: Logger) {
    this.#settings = settings
    this.#log = log
  }

  /** A worker of this generation has loaded these. */
  learn(generation: number, files: readonly string[]): void {
    this.#generation = Math.max(this.#generation, generation)
    this.#loaded.set(generation, [...(this.#loaded.get(generation) ?? []), ...files])
    this.#watch?.learn(generation, files)
  }

  /** From now on, until the server is gone. */
  follow(server: Server): void {
    const { workingDir } = this.#settings
    this.#watch = new SourceWatch({ workingDir, onChange: (files) => void this.#reload(server, files), log: this.#log })
    this.#begin()
    this.#watch.onReady()
    void server.closed.then(() => this.#watch?.close())
  }

  #begin(): void {
    this.#watch?.onStart(this.#generation)
    this.#watch?.learn(this.#generation, this.#loaded.get(this.#generation) ?? [])
  }

  async #reload(server: Server, files: readonly string[]): Promise<void> {
    this.#log.info(nameFiles(files, this.#settings.workingDir), 'changed: reloading')
    this.#generation++
    this.#begin()
    try {
      await server.reload()
      this.#watch?.onReady()
    } catch (error) {
      this.#watch?.onReady({ isWhole: false })
      if (isServiceError(error, 'EKB_ERR_RELOAD_STOPPED')) return
      const { detail } = error as { detail?: { lastOutput?: string } }
      showFailure(error as Error, {
        output: detail?.lastOutput ?? '',
        loaded: this.#loaded.get(this.#generation) ?? [],
      })
    }
  }
}
