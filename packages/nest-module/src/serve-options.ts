import type { ServiceClass } from '@ekiben/core'
import type { MountOptions } from '@ekiben/core/adapter'

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

const EXTRAS: readonly (keyof ServeExtras)[] = ['services', 'uses', 'isGlobal']
/** What a factory of options may give. */
export const OPTION_NAMES: readonly (keyof ServeOptions)[] = ['prefix', 'dependencies', 'errors', 'system', 'log']
/** What `forRoot` takes. */
export const ROOT_NAMES: readonly string[] = [...OPTION_NAMES, ...EXTRAS]
const OF_FACTORY = ['imports', 'inject', 'useFactory', 'useClass', 'useExisting', 'provideInjectionTokenFrom']
/** What `forRootAsync` takes: Nest's own in place of the options. */
export const ASYNC_NAMES: readonly string[] = [...EXTRAS, ...OF_FACTORY]
