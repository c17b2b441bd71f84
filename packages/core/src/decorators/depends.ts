import { createError } from '../errors/service-error.js'
import { markDependency } from '../service/dependency-target.js'
import { checkOptions, flag } from '../service/option-checks.js'
import type {
  DependencyDecorator,
  DependencyDefinition,
  DependencyTarget,
  DependsOptions,
} from '../service/service-definition.js'
import { memberPlace, recordMember } from './metadata.js'

/**
 * Declares that this service calls another: as a decorator of the property that holds the client, or as a value in
 * `dependencies`. The target is a service, `() => service` where modules import each other, or `{ url }` for one that
 * runs elsewhere. The property is set after construction: readable in `onStart` and later.
 */
export function depends(target: DependencyTarget, options: DependsOptions = {}): DependencyDecorator {
  checkOptions(options, { optional: flag }, { service: nameOf(target), path: 'depends' })
  const dependency: DependencyDefinition = { target, optional: options.optional ?? false }
  const decorator = (value: unknown, contextOrKey: unknown): void => {
    const place = memberPlace(value, contextOrKey)
    if (place.obstacle !== undefined) {
      const reason = `${place.obstacle}, so it cannot be a dependency`
      throw createError('EKB_ERR_SERVICE_MEMBER', { owner: place.owner, member: place.name, reason })
    }
    recordMember(place, ({ dependencies }) => {
      dependencies[place.name] = dependency
    })
  }
  return markDependency(decorator as DependencyDecorator, dependency)
}

function nameOf(target: unknown): string {
  return typeof target === 'function' ? target.name : String((target as { url?: unknown } | undefined)?.url)
}
