import { refuseUnused } from '../../config/refuse-unused.js'
import { resolveServeSettings } from '../../config/resolve-serve-settings.js'
import { refuseUnusedInDevelopment } from '../../config/unused-in-development.js'
import { skipOptimising } from '../../supervisor/skip-optimising.js'
import type { CommandInput } from '../command-input.js'

/** `ekiben serve`: serves until it is told to stop; resolves with the exit code. */
export async function serve({ identifier, flags, env, cwd }: CommandInput): Promise<number> {
  const given = { ...flags, ...(identifier !== undefined && { identifier }) }
  const readSettings = async () => {
    const settings = await resolveServeSettings({ code: undefined, flags: given, env, readFile: true, cwd })
    refuseUnused(settings.sources, 'serve')
    refuseUnusedInDevelopment(settings)
    return settings
  }
  const settings = await readSettings()
  if (settings.dryRun || settings.explain) return (await import('./dry-run.js')).dryRun(settings)
  const { startServing } = await import('../../supervisor/start-serving.js')
  // After Node's own modules are loaded: V8 refuses their compiled form once a flag has changed.
  if (!settings.developmentMode || settings.reload) skipOptimising()
  const server = await startServing(settings, { handleSignals: true, readSettings })
  const { exitCode } = await server.closed
  return exitCode
}
