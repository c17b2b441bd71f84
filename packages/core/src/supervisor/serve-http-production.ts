import { refuseUnused } from '../config/refuse-unused.js'
import { loadServeSettingsFromCode } from '../config/resolve-serve-settings.js'
import type { ServeHttpProductionOptions, ServeSettings } from '../config/serve-settings.js'
import { EXIT } from '../errors/exit-codes.js'
import { isServiceError } from '../errors/service-error.js'
import { flushLogs } from '../observe/create-logger.js'
import { writtenWorkingDir } from '../util/written-working-dir.js'
import type { Server } from './server.js'
import { startServing } from './start-serving.js'

/**
 * Serves a service and all it depends on: one supervised pool of processes for each, the entry service's workers
 * on one public socket. Resolves when the whole graph is ready.
 *
 * Embedded it installs no signal handler and never ends the process; `handleSignals: true` asks for both. It reads
 * neither environment variables nor a configuration file unless asked to.
 *
 * @throws a `ServiceError` for any failure to start (`docs/errors.md`); nothing is left behind.
 * @example
 * const server = await serveHttpProduction({ identifier: 'service:TextClassifier', port: 3000, apiWorkers: 4 })
 * await server.stop()
 */
export async function serveHttpProduction(options: ServeHttpProductionOptions = {}): Promise<Server> {
  const cwd = writtenWorkingDir()
  const readSettings = async (): Promise<ServeSettings> => {
    const settings = await loadServeSettingsFromCode(options, cwd)
    refuseUnused(settings.sources, 'serveHttpProduction')
    return settings
  }
  const settings = await readSettings()
  const handleSignals = options.handleSignals === true
  try {
    const server = await startServing(settings, { handleSignals, readSettings })
    if (handleSignals) void server.closed.then(({ exitCode }) => end(exitCode))
    return server
  } catch (error) {
    // A signal that comes before the graph is ready is a stop like any other.
    if (handleSignals && isServiceError(error, 'EKB_ERR_STOPPED_BEFORE_READY')) return end(EXIT.clean)
    throw error
  }
}

async function end(exitCode: number): Promise<never> {
  await flushLogs()
  process.exit(exitCode)
}
