import type { ServiceClass } from '@ekiben/core'
import { createMount, type Mount, type MountOptions } from '@ekiben/core/adapter'

/** What may be known only when the app is made. */
export interface ServeOptions extends Pick<MountOptions, 'dependencies' | 'errors' | 'log' | 'prefix' | 'system'> {}

/** What the module is made of. */
export interface ServeExtras {
  /** Mounted: their apis are routes of the app, and run in its process. */
  readonly services?: readonly ServiceClass[]
  /** Used: they run in pools where a supervisor is above the app, and have no routes. */
  readonly uses?: readonly ServiceClass[]
  /** Clients can be injected in every module. Default true. */
  readonly isGlobal?: boolean
}

const OPTIONS: Readonly<Record<keyof ServeOptions, true>> = {
  prefix: true,
  dependencies: true,
  errors: true,
  system: true,
  log: true,
}
const EXTRAS: Readonly<Record<keyof ServeExtras, true>> = { services: true, uses: true, isGlobal: true }

/** The names that a factory of options may give. */
export const OPTION_NAMES: readonly string[] = Object.keys(OPTIONS)
/** Those that `forRoot` takes. */
export const ROOT_NAMES: readonly string[] = [...OPTION_NAMES, ...Object.keys(EXTRAS)]
/** Those that `forRootAsync` takes: Nest's own in place of the options. */
export const ASYNC_NAMES: readonly string[] = [
  ...Object.keys(EXTRAS),
  ...['imports', 'inject', 'useFactory', 'useClass', 'useExisting', 'provideInjectionTokenFrom'],
]

/** Looks at services as a mount does. It has a scope of its own, so that nothing comes of it. */
export function tryMount({ services = [], uses = [] }: ServeExtras): Mount {
  return createMount(services, { uses, dependencies: 'inline', scope: {} })
}
