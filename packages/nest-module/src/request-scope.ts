import type { ServiceClass } from '@ekiben/core'
import { createError, serviceName } from '@ekiben/core/adapter'
import { Scope } from '@nestjs/common'
import type { ModuleRef } from '@nestjs/core'

type Injected = { readonly type?: unknown; readonly param?: unknown }

/** Throws for a service that would be made anew for each request: Nest's `create()` waits for one that never comes. */
export function refuseRequestScope(service: ServiceClass, ref: ModuleRef): void {
  const own: { scope?: Scope } = Reflect.getMetadata('scope:options', service) ?? {}
  const needed = tokensOf(service).find((token) => isOfRequest(token, ref))
  if (own.scope !== Scope.REQUEST && needed === undefined) return
  const provider = needed === undefined ? undefined : String((needed as { name?: string }).name ?? String(needed))
  throw createError('EKB_ERR_NEST_SCOPE', { service: serviceName(service, 'ServeModule'), provider })
}

/** What is injected into it: by its constructor and by its properties. */
function tokensOf(service: ServiceClass): readonly unknown[] {
  const told = (key: string): Injected[] => Reflect.getMetadata(key, service) ?? []
  const injected = [...told('self:paramtypes'), ...told('self:properties_metadata')]
  const types: unknown[] = Reflect.getMetadata('design:paramtypes', service) ?? []
  return [...types, ...injected.map(({ param, type }) => param ?? type)].map(
    (token) => (token as { forwardRef?(): unknown } | undefined)?.forwardRef?.() ?? token,
  )
}

function isOfRequest(token: unknown, ref: ModuleRef): boolean {
  try {
    return ref.introspect(token as never).scope === Scope.REQUEST
  } catch {
    // Nobody provides it: Nest says so better.
    return false
  }
}
