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

const MOUNTING = ['service', 'services', 'uses', 'prefix', 'dependencies']
const NAMES = [...MOUNTING, 'errors', 'system', 'openapi', 'logLevel', 'logSerializers']

/** The options, each where it goes. */
export interface ReadOptions {
  readonly services: readonly ServiceClass[]
  readonly prefix: string
  readonly openapi: boolean
  readonly register: Pick<RegisterOptions, 'logLevel' | 'logSerializers'>
  readonly mount: Pick<MountOptions, 'dependencies' | 'errors' | 'system' | 'uses'>
}

/** @throws EKB_ERR_CONFIG_UNKNOWN, EKB_ERR_MOUNT_NOT_A_SERVICE where no service is named */
export function readOptions(options: ServePluginOptions): ReadOptions {
  checkOptions(options, NAMES, 'the options of servePlugin')
  const { service, services = [], prefix = '', openapi = false, logLevel, logSerializers, ...mount } = options
  const mounted = service === undefined ? services : [service, ...services]
  if (mounted.length + (mount.uses ?? []).length === 0) {
    throw createError('EKB_ERR_MOUNT_NOT_A_SERVICE', { to: 'servePlugin', received: 'neither service nor uses' })
  }
  const register = { ...(logLevel && { logLevel }), ...(logSerializers && { logSerializers }) }
  return { services: mounted, prefix, openapi, register, mount }
}
