import { SYSTEM_PATHS, type SystemPath } from '../http/route-table.js'
import { createSystemAnswers, systemPaths } from '../http/system-routes.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import type { MountedApi } from './mount-routes.js'
import type { MountAnswer, MountOptions, MountRoute, SystemRoutesOption } from './mount-types.js'
import { NO_VALUE, toMountAnswer } from './served-service.js'

export interface SystemMountOptions {
  readonly which: SystemRoutesOption
  readonly apis: readonly MountedApi[]
  readonly pathOf: MountOptions['pathOf']
  readonly isReady: () => boolean
  readonly metrics: (() => Promise<string>) | undefined
}

/** Routes beside the apis that a host answers when it is asked to, at the root of its paths. */
export class SystemMount {
  readonly routes: readonly MountRoute[]
  readonly #answer: ReturnType<typeof createSystemAnswers>

  constructor({ which, apis, pathOf, isReady, metrics }: SystemMountOptions) {
    const definition = (): ServiceDefinition => documented(apis, pathOf)
    const options = { definition, isReady, metrics, systemRoutes: which }
    this.routes = systemPaths(options).map(toRoute)
    this.#answer = createSystemAnswers(options)
  }

  async answer({ path }: MountRoute, requestId: string): Promise<MountAnswer> {
    return toMountAnswer(await this.#answer(path as SystemPath), NO_VALUE, { requestId })
  }

  /** Is it one of these? */
  has(route: MountRoute): boolean {
    return route.api === undefined && SYSTEM_PATHS.some((path) => path === route.path)
  }
}

function toRoute(path: SystemPath): MountRoute {
  const rest = { service: undefined, input: undefined, output: undefined, description: undefined, bodyLimit: 0 }
  return { method: 'GET', path, api: undefined, ...rest }
}

/** One service as it is; of several what a document says of them together. */
function documented(
  apis: readonly MountedApi[],
  pathOf: NonNullable<MountOptions['pathOf']> = ({ path }) => path,
): ServiceDefinition {
  const definitions = [...new Set(apis.map(({ definition }) => definition))]
  const [first] = definitions
  const name = definitions.map((definition) => definition.name).join('-')
  const routed = apis.map(({ route, api, definition }) => {
    const key = definitions.length > 1 ? `${definition.name}.${api.api.name}` : api.api.name
    return [key, { ...api.api, name: key, route: pathOf(route) }] as const
  })
  return { ...(first as ServiceDefinition), name, apis: Object.fromEntries(routed) }
}
