import { findApp } from '../../config/find-app.js'
import { refuseUnused } from '../../config/refuse-unused.js'
import { resolveServeSettings } from '../../config/resolve-serve-settings.js'
import type { ServeSettings } from '../../config/serve-settings.js'
import { refuseUnusedInDevelopment } from '../../config/unused-in-development.js'
import { skipOptimising } from '../../supervisor/skip-optimising.js'
import type { CommandInput } from '../command-input.js'

export interface RunInput extends Omit<CommandInput, 'identifier'> {
  readonly main: string
  readonly args: readonly string[]
}

/** `ekiben run`: runs a host app until it is told to stop; resolves with the exit code. */
export async function run({ main, args, flags, env, cwd }: RunInput): Promise<number> {
  const readSettings = async (): Promise<ServeSettings> => {
    const settings = await resolveServeSettings({ code: undefined, flags, env, readFile: true, cwd })
    refuseUnused(settings.sources, 'run')
    const app = findApp(main, { ...settings, args, bindsAsked: true })
    // What the app answers is its own; it logs its requests itself.
    const running = { ...settings, app, accessLog: false }
    refuseUnusedInDevelopment(running)
    return running
  }
  const settings = await readSettings()
  if (settings.dryRun || settings.explain) return (await import('./dry-run.js')).dryRun(settings)
  const { startServing } = await import('../../supervisor/start-serving.js')
  skipOptimising()
  const server = await startServing(settings, { handleSignals: true, readSettings })
  const { exitCode } = await server.closed
  return exitCode
}
