import { createError, type ServiceError } from '../errors/service-error.js'
import type { Logger } from '../observe/logger.js'
import { OPTIONS } from './options.js'
import type { ServeSettings } from './serve-settings.js'
import { settingIndex } from './service-settings-rows.js'

/** What development mode runs, and where. */
export interface DevelopmentProcess {
  /** An app of the user's; else a service. */
  readonly isApp: boolean
  /** It runs in a process that was started for it, and not in the one that was started first. */
  readonly isApart: boolean
  /** Name of the app, or of the service that is served; undefined: not known yet. */
  readonly entry: string | undefined
}

/** A setting that was given, and where. */
interface Given {
  readonly path: string
  readonly source: string
}

type Sources = ServeSettings['sources']

const NEEDS_POOLS = new Set(OPTIONS.filter(({ needs }) => needs === 'pools').map(({ key }) => key))

/** Is there anything that a process above the one that runs the code has to hold? */
export function needsParent(
  settings: Pick<ServeSettings, 'app' | 'reload' | 'inspect' | 'uds' | 'serviceManager'>,
): boolean {
  const { app, reload, inspect, uds, serviceManager } = settings
  return (
    reload || app !== undefined || inspect !== undefined || uds !== undefined || serviceManager.sockets?.forUs === true
  )
}

/** As the commands and `serveHttpProduction` run it. */
export function developmentProcess(settings: ServeSettings, entry: string | undefined): DevelopmentProcess {
  return { isApp: settings.app !== undefined, isApart: needsParent(settings), entry }
}

/** What was given and has no effect in development mode, as it is about pools of workers. */
export function unusedInDevelopment(sources: Sources, run: DevelopmentProcess): readonly Given[] {
  return Object.entries(sources).flatMap(([path, source]) =>
    source === 'default' || hasEffect(path.split('.'), run) ? [] : [{ path, source }],
  )
}

/** Throws where one of them was given for this very run. What is left may be meant for production, and is warned of. */
export function refuseUnusedInDevelopment(settings: ServeSettings): void {
  if (!settings.developmentMode) return
  const unused = unusedInDevelopment(settings.sources, developmentProcess(settings, settings.app?.name))
  const flags = unused.filter(({ source }) => source.startsWith('flag '))
  if (flags.length > 0) throw toError(flags)
}

/** Says of all that is left, in one line, that it has no effect. */
export function warnUnusedInDevelopment(sources: Sources, run: DevelopmentProcess, log: Pick<Logger, 'warn'>): void {
  const unused = unusedInDevelopment(sources, run)
  if (unused.length === 0) return
  const { code, message } = toError(unused)
  log.warn({ code }, message)
}

function toError(unused: readonly Given[]): ServiceError {
  const sources = [...new Set(unused.map(({ source }) => source))]
  const from = (source: string) => unused.filter((each) => each.source === source).map(({ path }) => path)
  const settings = sources.map((source) => `${from(source).join(', ')} (${source})`)
  return createError('EKB_ERR_CONFIG_DEVELOPMENT', { settings })
}

function hasEffect(path: readonly string[], run: DevelopmentProcess): boolean {
  const [key = '', ...rest] = path
  if (key === 'supervision') return hasSupervisionEffect(rest, run)
  if (key === 'services') return hasServiceEffect(rest, run)
  return !NEEDS_POOLS.has(key) && (key !== 'envAllow' || run.isApart)
}

function hasSupervisionEffect([key = '']: readonly string[], { isApart }: DevelopmentProcess): boolean {
  return key === 'keepAliveDrainMs' || (isApart && (key === 'bootTimeoutMs' || key === 'drainTimeoutMs'))
}

function hasServiceEffect(path: readonly string[], { isApp, isApart, entry }: DevelopmentProcess): boolean {
  const at = settingIndex(path)
  const name = path.slice(0, Math.max(at, 0)).join('.')
  const key = path[at] ?? ''
  if (isApp) return isApart && name === entry && ['env', 'envAllow', 'nodeArgs', 'maxHeapBytes'].includes(key)
  return key === 'env' || (key === 'traffic' && (entry === undefined || name === entry))
}
