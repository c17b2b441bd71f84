import cluster from 'node:cluster'
import { relative, resolve } from 'node:path'
import { findApp } from '../config/find-app.js'
import { inDevelopment } from '../config/merge-config.js'
import { refuseIdentifier, refuseUnused } from '../config/refuse-unused.js'
import { loadServeSettingsFromCode } from '../config/resolve-serve-settings.js'
import type { ServeHttpProductionOptions, ServeSettings } from '../config/serve-settings.js'
import { EXIT } from '../errors/exit-codes.js'
import { createError, isServiceError } from '../errors/service-error.js'
import type { MetricsRegistry } from '../metrics/app-metric.js'
import { flushLogs } from '../observe/create-logger.js'
import type { Logger } from '../observe/logger.js'
import type { Server } from '../supervisor/server.js'
import { startServing } from '../supervisor/start-serving.js'
import { Surroundings } from '../supervisor/surroundings.js'
import { writtenWorkingDir } from '../util/written-working-dir.js'
import { announcedServices } from './announced-services.js'
import type { BootstrapOptions } from './bootstrap-options.js'
import { entryRole } from './entry-role.js'
import { ownRegistry } from './own-registry.js'

/** An app that calls `bootstrapProduction`, and how it is to be run. */
export interface AppSettings {
  readonly settings: ServeSettings
  /** Reads the settings anew, for a reload. */
  readonly readSettings: () => Promise<ServeSettings>
  readonly handleSignals: boolean
  /** The app's own metrics. */
  readonly registry: MetricsRegistry | undefined
  /** Opens what an app that runs in one process has beside it. */
  readonly claimSurroundings: (log: Logger) => Promise<Surroundings>
}

/** The settings of the app whose main file is this process's own. */
export async function readAppSettings(options: BootstrapOptions): Promise<AppSettings> {
  refuseIdentifier(options, 'options in code')
  announcedServices(options)
  const registry = ownRegistry(options)
  const { services, uses: _uses, metrics: _metrics, handleSignals = true, ...others } = options
  const given: ServeHttpProductionOptions = {
    ...others,
    handleSignals,
    ...(!Array.isArray(services) && { services: services as ServeHttpProductionOptions['services'] }),
  }
  const cwd = writtenWorkingDir()
  const main = writtenMain(cwd)
  const readSettings = async (): Promise<ServeSettings> => {
    const settings = await loadServeSettingsFromCode(given, cwd)
    refuseUnused(settings.sources, 'bootstrapProduction')
    const app = findApp(main, { ...settings, args: process.argv.slice(2), bindsAsked: false })
    // What the app answers is its own; it logs its requests itself.
    return { ...modeOf(settings), app, accessLog: false }
  }
  const settings = await readSettings()
  const claimSurroundings = async (log: Logger): Promise<Surroundings> => {
    const own = { folder: '', isSteered: false, endsProcess: handleSignals }
    const surroundings = new Surroundings({ settings, ...own, log })
    await surroundings.claim()
    return surroundings
  }
  return { settings, readSettings, handleSignals, registry, claimSurroundings }
}

/** Without NODE_ENV=production an app is run for whoever works on it, whatever its options leave open. */
function modeOf(settings: ServeSettings): ServeSettings {
  const { sources } = settings
  if ((sources.developmentMode ?? 'default') !== 'default') return settings
  const because = (why: string): ServeSettings['sources'] => ({ ...sources, developmentMode: why })
  if (process.env.NODE_ENV === 'production') return { ...settings, sources: because('NODE_ENV is production') }
  return { ...inDevelopment(settings), sources: because('NODE_ENV is not production') }
}

/** This process becomes the supervisor of the app, and never builds it. */
export async function superviseApp({ settings, readSettings, handleSignals }: AppSettings): Promise<Server> {
  if (cluster.isWorker) throw createError('EKB_ERR_BOOTSTRAP_CLUSTERED', {})
  try {
    const server = await startServing(settings, { handleSignals, readSettings })
    if (handleSignals) void server.closed.then(({ exitCode }) => (entryRole().refused ? undefined : end(exitCode)))
    return server
  } catch (error) {
    if (!handleSignals) throw error
    // A signal that comes before the graph is ready is a stop like any other.
    if (isServiceError(error, 'EKB_ERR_STOPPED_BEFORE_READY')) return end(EXIT.clean)
    throw error
  }
}

/** As it was written, so that a release behind a link is found anew at each reload. */
function writtenMain(cwd: string): string {
  const main = process.argv[1]
  if (main === undefined) throw createError('EKB_ERR_BOOTSTRAP_NO_MAIN', {})
  return resolve(cwd, relative(process.cwd(), main))
}

async function end(exitCode: number): Promise<never> {
  await flushLogs()
  process.exit(exitCode)
}
