import { followEdges } from '../graph/follow-edges.js'
import type { Logger } from '../observe/logger.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { sharedSlot } from '../util/shared-state.js'

const INLINE_IN_PRODUCTION =
  'services that others depend on run in this process: no supervisor is above it. Start the app with ekiben run or bootstrapProduction() to give each a pool of its own'

/** Once a process: a host in production that was meant to have pools does not have them. */
export function warnOfInline(
  mounted: readonly ServiceDefinition[],
  used: readonly ServiceDefinition[],
  log: Logger,
): void {
  if (process.env.NODE_ENV !== 'production') return
  const below = mounted.flatMap((definition) => followEdges(definition).locals.map(({ service }) => service))
  const services = [...new Set([...below, ...used.map(({ name }) => name)])]
  const warned = sharedSlot('warned-of-inline', () => ({ done: false }))
  if (services.length === 0 || warned.done) return
  warned.done = true
  log.warn({ services }, INLINE_IN_PRODUCTION)
}
