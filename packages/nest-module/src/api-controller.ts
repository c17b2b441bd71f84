import type { ServiceClass } from '@ekiben/core'
import { type ApiDescription, createError, type Mount, type MountRoute, serviceName } from '@ekiben/core/adapter'
import { Body, Controller, HttpCode, Inject, Post, Res, type Type, UseGuards } from '@nestjs/common'
import { ApiGuard, handleApi } from './handle-api.js'
import { API_OF_HANDLER, FASTIFY_CONFIG, HTTP_CODE, SERVICE_OF_CONTROLLER } from './marks.js'
import { MOUNT_HOST, type MountHost } from './mount-host.js'
import type { NestResponse } from './send-answer.js'

const TYPES = 'design:paramtypes'
const ARGUMENTS = '__routeArguments__'
/** The first argument: @Body(). */
const BODY = '3:0'
/** Metadata of a class that is about how Nest makes it: the controller is made in another way. */
const OF_CONSTRUCTION = [TYPES, 'self:paramtypes', 'optional:paramtypes', 'scope:options', '__injectable__', 'path']
const OF_PROPERTIES = ['self:properties_metadata', 'optional:properties_metadata']
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
  copyMetadata([service], [controller], [...OF_CONSTRUCTION, ...OF_PROPERTIES])
  Reflect.defineMetadata(SERVICE_OF_CONTROLLER, service, controller)
  for (const route of mount.routes) {
    if (route.service === name) describeHandler(addHandler(controller, service, route), mount.describe(route))
  }
  return controller
}

/** Once the prefix is known, before Nest makes routes of controllers. */
export function setPrefix(controller: Type, prefix: string): void {
  const own: unknown = Reflect.getMetadata('path', Reflect.getMetadata(SERVICE_OF_CONTROLLER, controller)) ?? ''
  const paths = [own].flat().map((path) => `${prefix}/${path}`.replaceAll(/\/{2,}/g, '/'))
  Reflect.defineMetadata('path', paths, controller)
}

function addHandler(controller: Type, service: ServiceClass, { service: name, api, path }: MountRoute): object {
  const key = api as string
  const { prototype } = controller
  // Once: each request looks its route up by it.
  const fullName = `${name}.${key}`
  const handler = {
    [key](this: { [kHost]: MountHost }, input: unknown, response: NestResponse) {
      return handleApi(this[kHost], fullName, { input, response })
    },
  }[key] as object
  const descriptor = { value: handler, writable: true, configurable: true }
  Object.defineProperty(prototype, key, descriptor)
  copyMetadata([(service.prototype as Record<string, object>)[key] as object], [handler])
  copyMetadata([service.prototype as object, key], [prototype, key], [TYPES, ARGUMENTS])
  copyMetadata([service, key], [controller, key], [TYPES, ARGUMENTS])
  const of = { service: name, api }
  Reflect.defineMetadata(API_OF_HANDLER, of, handler)
  Reflect.defineMetadata(FASTIFY_CONFIG, { ...Reflect.getMetadata(FASTIFY_CONFIG, handler), ekiben: of }, handler)
  Post(path)(prototype, key, descriptor)
  UseGuards(ApiGuard)(prototype, key, descriptor)
  // As in other hosts; Nest would say 201.
  if (!Reflect.hasMetadata(HTTP_CODE, handler)) HttpCode(200)(prototype, key, descriptor)
  addParameters(prototype, key, service)
  return handler
}

/** The input is the body, as pipes see it, with the type that a compiler told of the api's first parameter. */
function addParameters(prototype: object, key: string, service: ServiceClass): void {
  const [type = Object]: unknown[] = Reflect.getMetadata(TYPES, service.prototype as object, key) ?? []
  Reflect.defineMetadata(TYPES, [type, Object], prototype, key)
  const { [BODY]: body, ...others }: Record<string, Argument> = Reflect.getMetadata(ARGUMENTS, service, key) ?? {}
  for (const { index } of Object.values(others)) {
    throw createError('EKB_ERR_NEST_PARAMETER', { service: service.name, api: key, index })
  }
  Body(body?.data as string, ...((body?.pipes ?? []) as []))(prototype, key, 0)
  // So that Nest sends what the handler returns.
  Res({ passthrough: true })(prototype, key, 1)
}

interface Argument {
  readonly index: number
  readonly data?: unknown
  readonly pipes?: readonly unknown[]
}

/** A class or a function; a property of one. */
type Place = [target: object, key: string]

function copyMetadata(from: [object, string?], to: [object, string?], without: readonly unknown[] = []): void {
  for (const key of Reflect.getMetadataKeys(...(from as Place))) {
    if (without.includes(key)) continue
    Reflect.defineMetadata(key, Reflect.getMetadata(key, ...(from as Place)), ...(to as Place))
  }
}

/** Tells @nestjs/swagger what an api takes and gives, under the names that its own decorators use; theirs win. */
function describeHandler(
  handler: object,
  { requestBody: { content, ...body }, response, description, deprecated }: ApiDescription,
): void {
  const [{ schema = {} } = {}] = Object.values(content)
  const described = {
    apiOperation: { summary: '', ...(description && { description }), ...(deprecated && { deprecated }) },
    apiConsumes: Object.keys(content),
    apiParameters: [{ in: 'body', type: String, ...body, schema }],
    apiResponse: { [Reflect.getMetadata(HTTP_CODE, handler)]: response },
  }
  for (const [name, value] of Object.entries(described)) {
    const key = `swagger/${name}`
    if (!Reflect.hasMetadata(key, handler)) Reflect.defineMetadata(key, value, handler)
  }
}
