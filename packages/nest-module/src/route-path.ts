import type { MountRoute } from '@ekiben/core/adapter'
import { type Type, VERSION_NEUTRAL, type VersioningOptions, VersioningType } from '@nestjs/common'
import type { ModuleRef, NestContainer } from '@nestjs/core'
import { kApi } from './answer-api.js'
import { OF_POST } from './app-checks.js'

/** Where a route is looked for. */
interface Routed {
  readonly controllers: readonly Type[]
  /** Whose controllers they are. */
  readonly module: Type
  readonly ref: ModuleRef
}

/** The first path at which Nest has the route of an api: with the version, the path of RouterModule and the global prefix. */
export function routePath({ service, api = '', path }: MountRoute, { controllers, module, ref }: Routed): string {
  const isMeant = ({ prototype }: Type): boolean => prototype[api]?.[kApi] === `${service}.${api}`
  const controller = controllers.find(isMeant)
  if (controller === undefined) return path
  const handler: object = controller.prototype[api]
  const { config, applicationId } = appOf(ref)
  const below = Reflect.getMetadata(`__module_path__${applicationId}`, module)
  const own = [below, Reflect.getMetadata('path', controller), Reflect.getMetadata('path', handler)]
  const version = Reflect.getMetadata('__version__', handler) ?? Reflect.getMetadata('__version__', controller)
  const full = join(versionPart(config.getVersioning(), version), ...own)
  const { exclude = [] } = config.getGlobalPrefixOptions()
  const isExcluded = exclude.some((each) => OF_POST.includes(each.requestMethod) && each.pathRegex.test(join(...own)))
  return isExcluded ? full : join(config.getGlobalPrefix(), full)
}

/** As other modules do that tell of routes: what Nest knows of prefix and versions it gives to none. */
function appOf(ref: ModuleRef) {
  const { container } = ref as unknown as { readonly container: NestContainer }
  const { applicationConfig: config } = container
  return { config: config as NonNullable<typeof config>, applicationId: container.getModules().applicationId }
}

function versionPart(options: VersioningOptions | undefined, told: unknown): string {
  if (options?.type !== VersioningType.URI) return ''
  const [version] = [told ?? options.defaultVersion].flat()
  if (version === undefined || version === VERSION_NEUTRAL) return ''
  return `${options.prefix === false ? '' : (options.prefix ?? 'v')}${version}`
}

/** Of parts that have several paths, the first. */
function join(...parts: readonly unknown[]): string {
  const path = parts.map((part) => `/${[part].flat()[0] ?? ''}`).join('')
  return path.replaceAll(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '')
}
