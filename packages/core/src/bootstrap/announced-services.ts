import { createError } from '../errors/service-error.js'
import { describeValue } from '../graph/resolve-target.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import type { BootstrapOptions } from './bootstrap-options.js'

export interface AnnouncedServices {
  readonly mounted: readonly ServiceDefinition[]
  readonly used: readonly ServiceDefinition[]
}

/** The services that the options of `bootstrapProduction` tell of in advance. */
export function announcedServices({ services, uses }: BootstrapOptions): AnnouncedServices {
  const mounted = Array.isArray(services) ? definitions(services, 'services') : []
  const used = uses === undefined ? [] : definitions(uses, 'uses')
  const both = mounted.find((definition) => used.includes(definition))
  if (both !== undefined) throw createError('EKB_ERR_MOUNT_AND_USE', { service: both.name })
  return { mounted, used }
}

function definitions(given: unknown, option: string): readonly ServiceDefinition[] {
  const to = `the option ${option} of bootstrapProduction()`
  if (!Array.isArray(given)) throw createError('EKB_ERR_MOUNT_NOT_A_SERVICE', { to, received: describeValue(given) })
  return given.map((value: unknown) => {
    const definition = definitionOf(value)
    if (definition === undefined) {
      throw createError('EKB_ERR_MOUNT_NOT_A_SERVICE', { to, received: describeValue(value) })
    }
    return definition
  })
}
