import type { ServeSettings } from '../../config/serve-settings.js'
import { createError } from '../../errors/service-error.js'
import type { ServePlan } from '../../plan/serve-plan.js'
import { explainServices } from '../explain-services.js'
import { explainSettings } from '../explain-settings.js'
import { print } from '../print.js'
import { redactSecrets } from '../redact-secrets.js'

/** `--dry-run`: prints the plan and starts nothing; resolves with the exit code. */
export async function dryRun(settings: ServeSettings): Promise<number> {
  if (!settings.dryRun) {
    const reason = '--explain explains a --dry-run, and none was asked for'
    throw createError('EKB_ERR_CLI_USAGE', { reason, near: [] })
  }
  const { describePlan } = await import('../../supervisor/start-serving.js')
  // The plan is all that stdout is to hold.
  const { plan, graph } = await describePlan({ ...settings, log: { ...settings.log, level: 'silent' } })
  const planned = settings.developmentMode ? { mode: 'development', ...inOneProcess(plan) } : plan
  const explained = { ...explainSettings(settings), services: explainServices(plan, graph, settings) }
  const shown = settings.explain ? { ...planned, settings: explained } : planned
  print(`${JSON.stringify(redactSecrets(shown), null, 2)}\n`)
  return 0
}

/** What is left of a plan where there are no pools. */
function inOneProcess({ services, ...plan }: ServePlan): object {
  return { ...plan, services: services.map(({ name, entry, traffic, env }) => ({ name, entry, traffic, env })) }
}
