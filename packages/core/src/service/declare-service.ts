import { createError } from '../errors/service-error.js'
import { parseBytes } from '../util/parse-bytes.js'
import { callableClass, type SelfReference } from './callable-class.js'
import { membersOf, ownMembers } from './class-members.js'
import { toDependency } from './dependency-target.js'
import { describeValue, isRecord } from './option-checks.js'
import { definitionOf, registerService } from './registry.js'
import type {
  AnyApiOptions,
  ApiDefinition,
  DependencyDefinition,
  ServiceClass,
  ServiceDefinition,
} from './service-definition.js'
import { serviceName } from './service-name.js'
import { checkApiOptions, checkDependencyTarget, checkServiceOptions } from './service-options.js'

/** A class on its way to be a service, as the decorator or `defineService` met it. */
export interface Declaration {
  readonly by: string
  readonly userClass: unknown
  readonly className: string
  readonly options: unknown
  /** TC39 metadata of the class, not yet set on it. */
  readonly metadata?: object | undefined
  readonly self: SelfReference
  readonly caller: string | undefined
}

/** Methods that have a meaning of their own; and two that no client can offer (`then` would make it a promise). */
const NO_APIS = ['onStart', 'onStop', 'isReady', 'isAlive', 'constructor', 'then']

/** Checks a declaration, registers the service, and returns the callable class that stands for it. */
export function declareService(declaration: Declaration): ServiceClass {
  const userClass = asClass(declaration)
  const options = declaration.options ?? {}
  const { name, warning } = serviceName(isRecord(options) ? options.name : undefined, declaration.className)
  const checked = checkServiceOptions(options, name)
  const own = ownMembers(userClass.prototype as object)
  Object.assign(own.apis, checked.apis)
  for (const [property, target] of Object.entries(checked.dependencies))
    own.dependencies[property] = toDependency(target)
  const members = membersOf(userClass, declaration.metadata)
  const apis = toApis(name, members.apis, userClass)
  const dependencies = toDependencies(name, members.dependencies, apis)

  const target = callableClass(userClass, name, declaration.self)
  const definition: ServiceDefinition = {
    name,
    userClass,
    target,
    apis,
    dependencies,
    settings: Object.freeze(checked.settings),
    module: checked.module ?? declaration.caller,
    moduleGiven: checked.module !== undefined,
    create: checked.create,
    mount: Object.freeze(checked.mount),
  }
  registerService(Object.freeze(definition))
  if (warning !== undefined) process.emitWarning(warning, { code: 'EKB_WRN_SERVICE_NAME_SHORT' })
  return target
}

function asClass({ userClass, by }: Declaration): ServiceClass {
  if (typeof userClass !== 'function' || !isRecord(userClass.prototype)) {
    throw createError('EKB_ERR_SERVICE_NOT_A_CLASS', { by, received: describeValue(userClass) })
  }
  const existing = definitionOf(userClass)
  if (existing !== undefined) throw createError('EKB_ERR_SERVICE_DECLARED_TWICE', { by, service: existing.name })
  return userClass as unknown as ServiceClass
}

function toApis(service: string, declared: Record<string, unknown>, userClass: ServiceClass) {
  // No prototype: names that come from a request are looked up here.
  const apis: Record<string, ApiDefinition> = Object.create(null)
  for (const [name, options] of Object.entries(declared)) {
    const method = Reflect.get(userClass.prototype as object, name) as unknown
    if (NO_APIS.includes(name)) throw memberError(service, name, 'cannot be an api: the name has a meaning of its own')
    if (typeof method !== 'function') throw memberError(service, name, 'is listed as an api, but is no method')
    checkApiOptions(options, { service, method: name })
    const api = toApi(name, options as AnyApiOptions, method)
    const twin = Object.values(apis).find(({ route }) => route === api.route)
    if (twin !== undefined) {
      throw createError('EKB_ERR_PLAN_ROUTE_CLASH', { service, route: api.route, first: twin.name, second: name })
    }
    apis[name] = Object.freeze(api)
  }
  return Object.freeze(apis)
}

function toApi(name: string, options: AnyApiOptions, method: unknown): ApiDefinition {
  return {
    name,
    route: options.route ?? `/${name}`,
    input: options.input,
    output: options.output,
    idempotent: options.idempotent ?? false,
    stream: options.stream ?? isGenerator(method),
    mediaType: options.mediaType,
    bodyLimitBytes: parseBytes(options.bodyLimit),
    description: options.description,
    deprecated: options.deprecated ?? false,
  }
}

function toDependencies(
  service: string,
  declared: Record<string, DependencyDefinition>,
  apis: Readonly<Record<string, ApiDefinition>>,
) {
  const dependencies: Record<string, DependencyDefinition> = Object.create(null)
  for (const [property, dependency] of Object.entries(declared)) {
    if (property in apis) throw memberError(service, property, 'is both an api and a dependency')
    checkDependencyTarget(dependency.target, { service, property })
    dependencies[property] = Object.freeze({ ...dependency })
  }
  return Object.freeze(dependencies)
}

function memberError(service: string, member: string, reason: string) {
  return createError('EKB_ERR_SERVICE_MEMBER', { owner: `Service '${service}'`, member, reason })
}

function isGenerator(method: unknown): boolean {
  return /GeneratorFunction\]$/.test(Object.prototype.toString.call(method))
}
