import type { AppHost } from '../hosting/app-host.js'
import { createLogger } from '../observe/create-logger.js'
import type { BootstrapOptions } from './bootstrap-options.js'

/** What the app's own call decides below a command as well. */
const READ: ReadonlySet<string> = new Set(['port', 'host', 'uses', 'metrics'])

/** Says, in the first worker, which options of the call nobody reads, because a command has started the app. */
export async function warnOfUnread({ told }: AppHost, given: BootstrapOptions): Promise<void> {
  const { source, identity, log } = await told
  if (source.type !== 'main' || !source.isCommanded || identity.slot !== 0) return
  const options = Object.entries(given).flatMap(([key, value]) => (isRead(key, value) ? [] : [key]))
  if (options.length === 0) return
  createLogger({ ...log, bindings: identity }).warn(
    { options },
    'options of bootstrapProduction() that ekiben run does not read',
  )
}

function isRead(key: string, value: unknown): boolean {
  // Told in advance; by name they are settings.
  return value === undefined || READ.has(key) || (key === 'services' && Array.isArray(value))
}
