import { forwardStatics } from '../service/callable-class.js'
import { callerModule } from '../service/caller-module.js'
import { declareService } from '../service/declare-service.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceClass, ServiceOptions } from '../service/service-definition.js'
import { flushPending, isContext } from './metadata.js'

/** What `service()` returns: a class decorator for standard and for `experimentalDecorators` compilation. */
export type ServiceDecorator = <TClass extends ServiceClass>(
  value: TClass,
  context?: ClassDecoratorContext<TClass>,
) => TClass

/**
 * Declares the decorated class as a service.
 *
 * @example
 * @service({ workers: 2 })
 * export class Embedder {
 *   @api({ input: z.object({ text: z.string() }) })
 *   async embed({ text }: { text: string }) { … }
 * }
 */
export function service(options: ServiceOptions = {}): ServiceDecorator {
  const caller = callerModule(service)
  return (value, context) => {
    const standard = isContext(context)
    if (typeof value === 'function' && value.prototype !== undefined) flushPending(value.prototype as object)
    if (standard) context.addInitializer(initialize)
    return declareService({
      by: '@service()',
      userClass: value,
      className: (standard ? context.name : undefined) ?? classNameOf(value),
      options,
      metadata: standard ? context.metadata : undefined,
      self: 'callable',
      caller,
    }) as typeof value
  }
}

/** Runs when all class decorators and static fields are done; `this` is what they made of the class. */
function initialize(this: ServiceClass): void {
  const { userClass } = definitionOf(this) ?? {}
  if (userClass !== undefined) forwardStatics(userClass, this)
}

/** esbuild may call a legacy-decorated class `_Name` where the class refers to itself. */
function classNameOf(value: unknown): string {
  return typeof value === 'function' ? String(value.name).replace(/^_(?=[A-Za-z])/, '') : ''
}
