import type { ServiceClass } from '@ekiben/core'
import { type ApiDescription, createError, type Mount, type MountRoute, serviceName } from '@ekiben/core/adapter'
import { Body, HttpCode, Inject, Post, Req, Res, type Type, UseGuards } from '@nestjs/common'
import { type ApiArguments, answerApi, kApi } from './answer-api.js'
import { apiGuard } from './api-guard.js'
import type { MountHost } from './mount-host.js'
import { SERVICE_OF_CONTROLLER } from './place.js'

/** Of a controller: the host that its handlers call. */
const kHost: unique symbol = Symbol('host')

const TYPES = 'design:paramtypes'
const ARGUMENTS = '__routeArguments__'
/** The first argument: @Body(). */
const BODY = '3:0'
/** The status that a handler answers with. */
const HTTP_CODE = '__httpCode__'
/** What Fastify is told of a route: those of services say there which api they run. */
const FASTIFY_CONFIG = '__fastify_route_config__'
/** Metadata of a class that is about how Nest makes it: nothing of the service's is injected into the controller. */
const OF_PARAMETERS = [TYPES, 'self:paramtypes', 'optional:paramtypes']
const OF_CONSTRUCTION = [...OF_PARAMETERS, 'self:properties_metadata', 'optional:properties_metadata', 'scope:options']

/**
 * A controller with a handler for each api of a service. It inherits all metadata of the service's class, and its
 * handlers that of the methods, so that whatever in Nest reads metadata treats its routes as it treats any other's.
 * `host` is the token of the one that they call.
 */
export function apiController(service: ServiceClass, mount: Mount, host: symbol): Type {
  const name = serviceName(service, 'ServeModule')
  const controller = Object.setPrototypeOf(class {}, service) as Type
  Object.defineProperty(controller, 'name', { value: `${name}Controller` })
  Reflect.defineMetadata('__controller__', true, controller)
  Reflect.defineMetadata(SERVICE_OF_CONTROLLER, service, controller)
  for (const key of OF_CONSTRUCTION) Reflect.defineMetadata(key, undefined, controller)
  Inject(host)(controller.prototype, kHost)
  const guard = UseGuards(apiGuard(host))
  for (const route of mount.routes) {
    if (route.service !== name) continue
    const handler = addHandler(controller, service, route)
    // After what a method has of its own: the last one.
    guard(controller.prototype, route.api as string, { value: handler })
    describeHandler(handler, mount.describe(route))
  }
  return controller
}

/** Once the prefix is known, before Nest makes routes of controllers. */
export function setPrefix(controller: Type, prefix: string): void {
  const own: unknown = Reflect.getMetadata('path', Reflect.getMetadata(SERVICE_OF_CONTROLLER, controller)) ?? ''
  const paths = [own].flat().map((path) => `${prefix}/${path}`.replaceAll(/\/{2,}/g, '/'))
  Reflect.defineMetadata('path', paths, controller)
}

function addHandler({ prototype }: Type, service: ServiceClass, { service: name, api, path }: MountRoute): object {
  const key = api as string
  const full = `${name}.${key}`
  const value = {
    [key](this: { readonly [kHost]: MountHost }, ...args: ApiArguments) {
      return answerApi(this[kHost], full, args)
    },
  }[key] as object
  Object.setPrototypeOf(value, (service.prototype as Record<string, object>)[key] as object)
  const descriptor = { value, configurable: true }
  Object.defineProperty(prototype, key, descriptor)
  const of = { service: name, api }
  Object.assign(value, { [kApi]: full })
  // For guards and interceptors of the app's.
  Reflect.defineMetadata('ekiben:api', of, value)
  Reflect.defineMetadata(FASTIFY_CONFIG, { ...Reflect.getMetadata(FASTIFY_CONFIG, value), ekiben: of }, value)
  Post(path)(prototype, key, descriptor)
  // As in other hosts; Nest would say 201.
  if (!Reflect.hasMetadata(HTTP_CODE, value)) HttpCode(200)(prototype, key, descriptor)
  addParameters(prototype, key, service)
  return value
}

/** The input is the body, as pipes see it, with the type that a compiler told of the api's first parameter. */
function addParameters(prototype: object, key: string, service: ServiceClass): void {
  for (const name of Reflect.getMetadataKeys(service.prototype as object, key)) {
    Reflect.defineMetadata(name, Reflect.getMetadata(name, service.prototype as object, key), prototype, key)
  }
  const [type = Object]: unknown[] = Reflect.getMetadata(TYPES, prototype, key) ?? []
  Reflect.defineMetadata(TYPES, [type, Object, Object], prototype, key)
  const told: Record<string, { index: number }> = Reflect.getMetadata(ARGUMENTS, service, key) ?? {}
  const other = Object.entries(told).find(([place]) => place !== BODY)?.[1]
  if (other) throw createError('EKB_ERR_NEST_PARAMETER', { service: service.name, api: key, index: other.index })
  if (!(BODY in told)) Body()(prototype, key, 0)
  Req()(prototype, key, 1)
  Res({ passthrough: true })(prototype, key, 2)
}

/** Tells @nestjs/swagger what an api takes and gives, under the names that its own decorators use; theirs win. */
function describeHandler(handler: object, described: ApiDescription): void {
  const { requestBody, response, description, deprecated } = described
  const { content, ...body } = requestBody
  const [{ schema = {} } = {}] = Object.values(content)
  const metadata = {
    apiOperation: { summary: '', ...(description && { description }), ...(deprecated && { deprecated }) },
    apiConsumes: Object.keys(content),
    apiParameters: [{ in: 'body', type: String, ...body, schema }],
    apiResponse: { [Reflect.getMetadata(HTTP_CODE, handler)]: response },
  }
  for (const [name, value] of Object.entries(metadata)) {
    const key = `swagger/${name}`
    if (!Reflect.hasMetadata(key, handler)) Reflect.defineMetadata(key, value, handler)
  }
}
