import type { ServiceClass, ServiceClient } from '@ekiben/core'
import type { Mount } from '@ekiben/core/adapter'
import type { FastifyInstance } from 'fastify'

/** What `app.ekiben` is. */
export interface EkibenDecorator {
  /** A typed client of a service, mounted or not: it calls where that runs. */
  client<TService extends ServiceClass>(service: TService): ServiceClient<TService>
  /** Calls back when the app begins to stop, also under a supervisor: long streams of its own can end then. */
  onDrain(listener: () => void): void
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Clients of services, once `servePlugin` is registered. */
    ekiben: EkibenDecorator
  }
  interface FastifyContextConfig {
    /** Which api of which service a route runs. */
    ekiben?: { readonly service: string; readonly api: string }
  }
}

/** One registration of the plugin. */
export interface AppMount {
  readonly mount: Mount
  readonly services: readonly ServiceClass[]
}

/** By a name that both builds of this package know. */
const kMounts: unique symbol = Symbol.for('ekiben.fastify.mounts') as never

/** All registrations in one app. */
export class AppMounts implements EkibenDecorator {
  readonly [kMounts]: AppMount[] = []

  client<TService extends ServiceClass>(service: TService): ServiceClient<TService> {
    const all = this[kMounts]
    const { mount } = (all.find(({ services }) => services.includes(service)) ?? all[0]) as AppMount
    return mount.client(service)
  }

  /** All drain at once. */
  onDrain(listener: () => void): void {
    this[kMounts][0]?.mount.onDrain(listener)
  }
}

/** The registrations of an app, which `app.ekiben` holds; the first one puts it there. */
export function mountsOf(root: FastifyInstance): AppMount[] {
  if (!root.hasDecorator('ekiben')) root.decorate('ekiben', new AppMounts())
  return (root.ekiben as AppMounts)[kMounts]
}

/** The app itself, of whatever scope in it. */
export function rootOf(scope: FastifyInstance): FastifyInstance {
  let root = scope
  // A scope inherits from the one that it is in, the app from nothing of Fastify's.
  while (!Object.hasOwn(root, 'register')) root = Object.getPrototypeOf(root)
  return root
}
