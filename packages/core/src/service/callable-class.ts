import { createError } from '../errors/service-error.js'
import type { ServiceClass } from './service-definition.js'

/** What a service answers when a host framework calls it as its own options: Fastify does so with a function. */
export interface MountOptions {
  readonly service: ServiceClass
}

/** Who `new.target` is inside the class: its own name means the callable class where a decorator replaced it. */
export type SelfReference = 'callable' | 'user'

/**
 * A constructor function that stands for the class and, unlike a class, can also be called without `new`.
 *
 * It shares the prototype, so `instanceof`, private fields and methods are the same; its own prototype is the class,
 * so statics and class metadata are found through it. It becomes `prototype.constructor` too: frameworks read class
 * metadata from there, and those set by decorators above ours are on the callable class alone.
 */
export function callableClass(userClass: ServiceClass, serviceName: string, self: SelfReference): ServiceClass {
  const construct = userClass as unknown as new (...args: unknown[]) => object
  function Callable(...args: unknown[]): unknown {
    if (new.target !== undefined) {
      const own = self === 'user' && (new.target as unknown) === callable
      return Reflect.construct(construct, args, own ? construct : new.target)
    }
    if (args.length > 1) {
      throw createError('EKB_ERR_SERVICE_NOT_A_PLUGIN', { service: serviceName, count: args.length })
    }
    return { service: callable } satisfies MountOptions
  }
  const callable = Callable as unknown as ServiceClass
  for (const key of ['name', 'length']) {
    const descriptor = Object.getOwnPropertyDescriptor(userClass, key)
    if (descriptor !== undefined) Object.defineProperty(callable, key, { ...descriptor, configurable: true })
  }
  Object.defineProperty(callable, 'prototype', { value: userClass.prototype, writable: false })
  Object.setPrototypeOf(callable, userClass)
  Object.defineProperty(userClass.prototype, 'constructor', {
    value: callable,
    writable: true,
    configurable: true,
    enumerable: false,
  })
  return callable
}
