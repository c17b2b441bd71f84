import { resolveServeSettings } from '../../config/resolve-serve-settings.js'
import type { ServeSettings } from '../../config/serve-settings.js'
import { createError } from '../../errors/service-error.js'
import { skipOptimising } from '../../supervisor/skip-optimising.js'
import type { CommandInput } from '../command-input.js'
import { explainSettings } from '../explain-settings.js'
import { print } from '../print.js'
import { redactSecrets } from '../redact-secrets.js'

/** `ekiben serve`: serves until it is told to stop; resolves with the exit code. */
export async function serve({ identifier, flags, env, cwd }: CommandInput): Promise<number> {
  const given = { ...flags, ...(identifier !== undefined && { identifier }) }
  const settings = await resolveServeSettings({ code: undefined, flags: given, env, readFile: true, cwd })
  if (settings.dryRun) return dryRun(settings)
  if (settings.explain) {
    throw createError('EKB_ERR_CLI_USAGE', {
      reason: '--explain explains a --dry-run, and none was asked for',
      near: [],
    })
  }
  skipOptimising()
  const { startServing } = await import('../../supervisor/start-serving.js')
  const server = await startServing(settings, { handleSignals: true })
  const { exitCode } = await server.closed
  return exitCode
}

async function dryRun(settings: ServeSettings): Promise<number> {
  const { describePlan } = await import('../../supervisor/start-serving.js')
  // The plan is all that stdout is to hold.
  const { plan } = await describePlan({ ...settings, log: { ...settings.log, level: 'silent' } })
  const shown = settings.explain ? { ...plan, settings: explainSettings(settings) } : plan
  print(`${JSON.stringify(redactSecrets(shown), null, 2)}\n`)
  return 0
}
