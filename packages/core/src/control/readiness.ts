import { type NeedingPlan, servicesNeeded } from '../graph/required-services.js'
import type { InstanceStatus } from '../supervisor/instance-status.js'

/**
 * May the instance be sent requests? Only while it stops, and while a service that others cannot do without has no
 * ready worker, it may not. Remote dependencies do not count.
 */
export function isInstanceReady({ state, services }: InstanceStatus, plan: NeedingPlan | undefined): boolean {
  if (plan === undefined || state === 'draining' || state === 'stopped') return false
  const serving = new Set(
    services.filter(({ workers }) => workers.some((worker) => worker.state === 'ready')).map(({ name }) => name),
  )
  return [...servicesNeeded(plan)].every((name) => serving.has(name))
}
