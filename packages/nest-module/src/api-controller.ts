import type { ServiceClass } from '@ekiben/core'
import { createError, type Mount, type MountRoute, serviceName } from '@ekiben/core/adapter'
import { Body, Controller, HttpCode, Inject, Post, Req, Res, type Type, UseGuards } from '@nestjs/common'
import { ApiGuard, handleApi, type NestRequest } from './api-guard.js'
import { FASTIFY_CONFIG } from './fastify-bodies.js'
import { API_OF_HANDLER, SERVICE_OF_CONTROLLER } from './marks.js'
import { type ApiOf, MOUNT_HOST, type MountHost } from './mount-host.js'
import { describeHandler, HTTP_CODE } from './swagger.js'

/** Metadata of a class that is about how Nest makes it: the controller is made in another way. */
const OF_CONSTRUCTION = [
  'design:paramtypes',
  'self:paramtypes',
  'self:properties_metadata',
  'optional:paramtypes',
  'optional:properties_metadata',
  'scope:options',
  '__injectable__',
  'path',
]
/** And of a method, about its parameters: a handler has others. */
const OF_PARAMETERS = ['design:paramtypes', '__routeArguments__']

/** Where a controller keeps its host: no name that an api could have. */
const kHost = Symbol('host')

/**
 * A controller with a handler for each api of a service. It has all metadata of the service's class and methods, so that
 * whatever in Nest reads metadata treats its routes as it treats any other's.
 */
export function apiController(service: ServiceClass, mount: Mount): Type {
  const name = serviceName(service, 'ServeModule')
  const controller = class {
    readonly [kHost]: MountHost

    constructor(host: MountHost) {
      this[kHost] = host
    }
  }
  Object.defineProperty(controller, 'name', { value: `${name}Controller` })
  Inject(MOUNT_HOST)(controller, undefined, 0)
  Controller()(controller)
  copyMetadata([service], [controller], OF_CONSTRUCTION)
  Reflect.defineMetadata(SERVICE_OF_CONTROLLER, service, controller)
  for (const route of mount.routes) {
    if (route.service === name) describeHandler(addHandler(controller, service, route), mount.describe(route))
  }
  return controller
}

/** Once the prefix is known, before Nest makes routes of controllers. */
export function setPrefix(controller: Type, prefix: string): void {
  const service = Reflect.getMetadata(SERVICE_OF_CONTROLLER, controller) as ServiceClass
  const own: unknown = Reflect.getMetadata('path', service) ?? ''
  Reflect.defineMetadata(
    'path',
    [own].flat().map((path) => `${prefix}/${path}`.replaceAll(/\/{2,}/g, '/')),
    controller,
  )
}

function addHandler(controller: Type, service: ServiceClass, { service: name, api, path }: MountRoute): object {
  const key = api as string
  const of: ApiOf = { service: name, api }
  const { prototype } = controller
  const handler = {
    [key](this: { [kHost]: MountHost }, input: unknown, request: NestRequest, response: object) {
      return handleApi(this[kHost], of, { input, request, response })
    },
  }[key] as object
  const descriptor = { value: handler, writable: true, configurable: true }
  Object.defineProperty(prototype, key, descriptor)
  copyMetadata([(service.prototype as Record<string, object>)[key] as object], [handler])
  copyMetadata([service.prototype as object, key], [prototype, key], OF_PARAMETERS)
  copyMetadata([service, key], [controller, key], OF_PARAMETERS)
  Reflect.defineMetadata(API_OF_HANDLER, of, handler)
  const config: object = Reflect.getMetadata(FASTIFY_CONFIG, handler) ?? {}
  Reflect.defineMetadata(FASTIFY_CONFIG, { ...config, ekiben: of }, handler)
  const decorators = [Post(path), UseGuards(ApiGuard)]
  // As in other hosts; Nest would say 201.
  if (!Reflect.hasMetadata(HTTP_CODE, handler)) decorators.push(HttpCode(200))
  for (const decorate of decorators) decorate(prototype, key, descriptor)
  addParameters(prototype, key, service)
  return handler
}

/** The input is the body, as pipes see it, with the type that a compiler told of the api's first parameter. */
function addParameters(prototype: object, key: string, service: ServiceClass): void {
  const [type]: unknown[] = Reflect.getMetadata('design:paramtypes', service.prototype as object, key) ?? []
  Reflect.defineMetadata('design:paramtypes', [type ?? Object, Object, Object], prototype, key)
  const own: Readonly<Record<string, Argument>> = Reflect.getMetadata('__routeArguments__', service, key) ?? {}
  for (const [name, { index }] of Object.entries(own)) {
    if (name === BODY) continue
    throw createError('EKB_ERR_NEST_PARAMETER', { service: service.name, api: key, index })
  }
  const { data, pipes = [] } = own[BODY] ?? {}
  Body(data as string, ...(pipes as []))(prototype, key, 0)
  Req()(prototype, key, 1)
  // So that Nest sends what the handler returns.
  Res({ passthrough: true })(prototype, key, 2)
}

/** Of the first parameter: @Body(). */
const BODY = '3:0'

interface Argument {
  readonly index: number
  readonly data?: unknown
  readonly pipes?: readonly unknown[]
}

type Place = [target: object] | [target: object, key: string]

function copyMetadata(from: Place, to: Place, without: readonly unknown[] = []): void {
  const keys = Reflect.getMetadataKeys(...(from as [object, string]))
  for (const key of keys) {
    if (without.includes(key)) continue
    const value: unknown = Reflect.getMetadata(key, ...(from as [object, string]))
    Reflect.defineMetadata(key, value, ...(to as [object, string]))
  }
}
