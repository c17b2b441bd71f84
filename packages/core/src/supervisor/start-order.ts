import type { PoolSnapshot } from '../ipc/protocol.js'
import type { ServicePlan } from '../plan/serve-plan.js'

export interface StartView {
  readonly pools: PoolSnapshot['pools']
  /** Of the service that is to start. */
  readonly generation: number
  /** What it calls, as its generation knows it. */
  readonly targets: readonly ServicePlan[]
}

/** May a held worker go on? Yes, once each required dependency has a ready worker that it may call. */
export function mayStart(plan: ServicePlan, { pools, generation, targets }: StartView): boolean {
  return plan.dependencies.every(({ service, optional }) => {
    if (optional) return true
    const schemaHash = targets.find(({ name }) => name === service)?.schemaHash
    return (
      pools[service]?.some((member) => member.generation === generation || member.schemaHash === schemaHash) === true
    )
  })
}

/** Services in the order they stop: dependents before what they depend on, equals together. */
export function stopOrder<T extends { readonly plan: ServicePlan }>(watchers: readonly T[]): readonly (readonly T[])[] {
  const levels = new Map<number, T[]>()
  for (const watcher of watchers) {
    levels.set(watcher.plan.level, [...(levels.get(watcher.plan.level) ?? []), watcher])
  }
  return [...levels].sort(([a], [b]) => b - a).map(([, group]) => group)
}
