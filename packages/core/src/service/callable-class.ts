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
    if (args.length > 1) return refusePlugin(serviceName, args)
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

/** Fastify lets a plugin that throws at once crash the process, so it is told through the plugin's callback. */
function refusePlugin(service: string, args: readonly unknown[]): void {
  const error = createError('EKB_ERR_SERVICE_NOT_A_PLUGIN', { service, count: args.length })
  const [host, , done] = args
  const isFastify = typeof host === 'object' && host !== null && 'register' in host && 'decorate' in host
  if (!isFastify || typeof done !== 'function') throw error
  done(error)
}

/**
 * Lets code inside the class see static fields that a compiler defined on what the decorators made of it: esbuild's
 * code for standard decorators keeps the class as written under its own name there.
 */
export function forwardStatics(userClass: ServiceClass, replaced: object): void {
  for (const key of Reflect.ownKeys(replaced)) {
    if (Object.hasOwn(userClass, key)) continue
    Object.defineProperty(userClass, key, {
      get: () => Reflect.get(replaced, key),
      set: (value: unknown) => Reflect.set(replaced, key, value),
      configurable: true,
      enumerable: true,
    })
  }
}
