import type { ServiceClass } from '@ekiben/core'
import { checkOptions, createError, type MountOptions } from '@ekiben/core/adapter'
import type { RegisterOptions } from 'fastify'

export interface ServePluginOptions
  extends Pick<MountOptions, 'dependencies' | 'errors' | 'system' | 'uses'>,
    Pick<RegisterOptions, 'logLevel' | 'logSerializers'> {
  /** The service whose apis become routes. */
  readonly service?: ServiceClass
  /** Several of them. */
  readonly services?: readonly ServiceClass[]
  /** Before the path of each route: `/ml`. Default: none. */
  readonly prefix?: string
  /** Shows the routes to @fastify/swagger. Default false. */
  readonly openapi?: boolean
}

const NAMES: Readonly<Record<keyof ServePluginOptions, true>> = {
  service: true,
  services: true,
  uses: true,
  prefix: true,
  errors: true,
  system: true,
  openapi: true,
  dependencies: true,
  logLevel: true,
  logSerializers: true,
}

/** The options with the services to mount as one list. */
export interface ReadOptions extends ServePluginOptions {
  readonly services: readonly ServiceClass[]
}

/** @throws EKB_ERR_CONFIG_UNKNOWN, EKB_ERR_MOUNT_NOT_A_SERVICE where no service is named */
export function readOptions(options: ServePluginOptions): ReadOptions {
  checkOptions(options, Object.keys(NAMES), 'the options of servePlugin')
  const { service, services = [], uses = [] } = options
  const mounted = service === undefined ? services : [service, ...services]
  if (mounted.length + uses.length === 0) {
    throw createError('EKB_ERR_MOUNT_NOT_A_SERVICE', { to: 'servePlugin', received: 'neither service nor uses' })
  }
  return { ...options, services: mounted }
}
