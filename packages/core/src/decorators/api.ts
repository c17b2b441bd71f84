import { createError } from '../errors/service-error.js'
import type { ApiMethod } from '../service/service-client.js'
import type { ApiOptions, SchemaOption } from '../service/service-definition.js'
import { memberPlace, recordMember } from './metadata.js'

/** What `api()` returns: a method decorator for standard and for `experimentalDecorators` compilation. */
export interface ApiDecorator<TInput extends SchemaOption | undefined, TOutput extends SchemaOption | undefined> {
  <TThis, TMethod extends ApiMethod<TInput, TOutput>>(
    value: TMethod,
    context: ClassMethodDecoratorContext<TThis, TMethod>,
  ): void
  <TMethod extends ApiMethod<TInput, TOutput>>(
    prototype: object,
    method: string | symbol,
    descriptor: TypedPropertyDescriptor<TMethod>,
  ): void
}

/**
 * Offers the decorated method to callers: over HTTP as `POST /<method>`, and to services that depend on this one.
 * The method takes what `input` yields and returns what `output` takes.
 */
export function api<
  TInput extends SchemaOption | undefined = undefined,
  TOutput extends SchemaOption | undefined = undefined,
>(options: ApiOptions<TInput, TOutput> = {}): ApiDecorator<TInput, TOutput> {
  return (target: unknown, contextOrKey: unknown) => {
    const place = memberPlace(target, contextOrKey)
    if (place.obstacle !== undefined) {
      const reason = `${place.obstacle}, so it cannot be an api`
      throw createError('EKB_ERR_SERVICE_MEMBER', { owner: place.owner, member: place.name, reason })
    }
    recordMember(place, ({ apis }) => {
      apis[place.name] = options
    })
  }
}
