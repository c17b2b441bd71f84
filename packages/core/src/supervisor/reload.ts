import { changedFixed, WAIT_FOR_RESTART } from '../config/fixed-settings.js'
import type { ServeSettings } from '../config/serve-settings.js'
import { createError, isServiceError, type ServiceError } from '../errors/service-error.js'
import type { Logger } from '../observe/logger.js'
import type { Generation } from './generation.js'
import type { GenerationPlanner } from './generation-planner.js'
import type { GenerationStatus, ReloadStatus } from './instance-status.js'
import { Rollout, type RolloutOutcome } from './rollout.js'
import type { ReloadOutcome } from './server.js'
import type { Supervisor } from './supervisor.js'

export interface ReloaderOptions {
  readonly supervisor: Supervisor
  readonly planner: GenerationPlanner
  readonly settings: ServeSettings
  /** Reads the configuration anew. */
  readonly readSettings: () => Promise<ServeSettings>
  /** A stop wins over a reload. */
  readonly signal: AbortSignal
  readonly log: Logger
}

/** Takes new code into service while the old serves. One reload at a time: the caller sees to that. */
export class Reloader {
  readonly #options: ReloaderOptions
  #planned = 1
  #last: ReloadStatus | undefined

  constructor(options: ReloaderOptions) {
    this.#options = options
  }

  get last(): ReloadStatus | undefined {
    return this.#last
  }

  async reload(): Promise<ReloadOutcome> {
    const { supervisor, log } = this.#options
    const { state } = supervisor
    const from = generationStatus(supervisor.generation)
    if (!supervisor.note('reload')) throw createError('EKB_ERR_RELOAD_STOPPED', {})
    log.info({ generation: from.generation }, 'reloading')
    const { outcome, to } = await this.#attempt()
    if (this.#options.signal.aborted) throw createError('EKB_ERR_RELOAD_STOPPED', {})
    const isMixed = outcome.result === 'mixed' || (outcome.result === 'refused' && state === 'mixed')
    supervisor.note(isMixed ? 'mixed' : 'reloaded')
    const reason = outcome.result === 'done' ? undefined : outcome.error.message
    supervisor.metrics.countReload(outcome.result)
    this.#last = { at: new Date().toISOString(), result: outcome.result, reason, from, to }
    if (outcome.result === 'done' && to !== undefined) {
      log.info({ from, to }, 'reloaded')
      return { from, to }
    }
    const error = reloadError(outcome, { from, to })
    log.error({ code: error.code, from, to, detail: error.detail }, error.message)
    throw error
  }

  async #attempt(): Promise<{ outcome: RolloutOutcome; to: GenerationStatus | undefined }> {
    const { supervisor, planner, readSettings, signal, log } = this.#options
    let generation: Generation
    try {
      const settings = await readSettings()
      this.#reportFixed(settings)
      generation = await planner.plan({ number: ++this.#planned, settings, signal })
    } catch (error) {
      return { outcome: { result: 'refused', error: error as Error }, to: undefined }
    }
    const outcome = await new Rollout({ supervisor, generation, log }).run()
    return { outcome, to: generationStatus(generation) }
  }

  #reportFixed(settings: ServeSettings): void {
    const changed = changedFixed(this.#options.settings, settings)
    if (changed.length > 0) this.#options.log.warn({ changed }, WAIT_FOR_RESTART)
  }
}

function generationStatus({ number, pinned }: Generation): GenerationStatus {
  return { generation: number, ...pinned }
}

function reloadError(
  outcome: RolloutOutcome,
  { from, to }: { from: GenerationStatus; to: GenerationStatus | undefined },
): ServiceError {
  const cause = outcome.result === 'done' ? new Error('nothing') : outcome.error
  const detail = isServiceError(cause) && cause.detail !== undefined ? { detail: cause.detail } : {}
  const reason = cause.message
  if (outcome.result === 'mixed' && to !== undefined) {
    const params = { reason, from: from.generation, to: to.generation }
    return createError('EKB_ERR_RELOAD_MIXED', params, { cause, ...detail })
  }
  return createError('EKB_ERR_RELOAD_REFUSED', { reason, from: from.generation }, { cause, ...detail })
}
