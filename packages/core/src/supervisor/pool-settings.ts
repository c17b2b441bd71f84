import type { PoolSettings } from '../ipc/protocol.js'
import type { ServicePlan } from '../plan/serve-plan.js'

/** What a caller must know of the pools that it calls, by service name. */
export function poolSettings(targets: readonly ServicePlan[]): Readonly<Record<string, PoolSettings>> {
  const settings = targets.flatMap(({ name, traffic, supervision }) => {
    if (traffic === undefined) return []
    return [[name, { traffic, dependencyGraceMs: supervision.dependencyGraceMs }] as const]
  })
  return Object.fromEntries(settings)
}
