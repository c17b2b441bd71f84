import { createError } from '../errors/service-error.js'
import type { FoundInstance, FoundInstances } from '../supervisor/list-instances.js'

/** The instance that is meant: the one named, else the only one there is. */
export function chooseInstance({ runtimeDir, instances }: FoundInstances, named: string | undefined): FoundInstance {
  const running = instances.map(({ instance }) => instance)
  const [only] = instances
  const chosen = named === undefined ? only : instances.find(({ instance }) => instance === named)
  if (chosen === undefined) throw createError('EKB_ERR_INSTANCE_NOT_FOUND', { instance: named, runtimeDir, running })
  if (named === undefined && instances.length > 1) throw createError('EKB_ERR_INSTANCE_AMBIGUOUS', { running })
  return chosen
}
