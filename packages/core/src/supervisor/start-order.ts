import type { PoolSnapshot } from '../ipc/protocol.js'
import type { ServicePlan } from '../plan/serve-plan.js'

/** May the held workers of a service go on? Yes, once each required dependency has a ready worker. */
export function mayStart(plan: ServicePlan, pools: PoolSnapshot['pools']): boolean {
  return plan.dependencies.every((edge) => edge.optional || (pools[edge.service]?.length ?? 0) > 0)
}

/** Services in the order they stop: dependents before what they depend on, equals together. */
export function stopOrder<T extends { readonly plan: ServicePlan }>(watchers: readonly T[]): readonly (readonly T[])[] {
  const levels = new Map<number, T[]>()
  for (const watcher of watchers) {
    levels.set(watcher.plan.level, [...(levels.get(watcher.plan.level) ?? []), watcher])
  }
  return [...levels].sort(([a], [b]) => b - a).map(([, group]) => group)
}
