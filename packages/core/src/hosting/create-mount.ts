import { createError } from '../errors/service-error.js'
import { describeValue } from '../graph/resolve-target.js'
import { createLogger } from '../observe/create-logger.js'
import type { Logger } from '../observe/logger.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { checkOptions } from './check-options.js'
import { type HostSession, hostSession, inThisProcess } from './host-session.js'
import type { Mount, MountOptions, MountTarget } from './mount-types.js'
import { definitionGiven } from './mounted-definition.js'
import { ownSession } from './own-session.js'
import { ServiceMount } from './service-mount.js'

/** Each of them, so that a name that is none of these is told of. */
const OPTIONS: Readonly<Record<keyof MountOptions, true>> = {
  uses: true,
  prefix: true,
  dependencies: true,
  errors: true,
  system: true,
  pathOf: true,
  scope: true,
  construct: true,
  hostBodyLimit: true,
  log: true,
}

/** The values of those that have a few. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  dependencies: ['inline', 'pools'],
  errors: ['host', 'ekiben'],
  system: ['all', 'probes', 'none'],
}

/**
 * Mounts services in a host: makes their routes, and what answers them, for a framework to take over. Nothing runs
 * before `ready()`; where a supervisor is above this process, the pools that the services need are announced at once.
 *
 * @example
 * const mount = createMount(TextClassifier, { prefix: '/ml' })
 * for (const route of mount.routes) framework.route(route.method, route.path, (request) => mount.answer(route, request))
 * await mount.ready()
 *
 * @throws EKB_ERR_CONFIG_UNKNOWN, EKB_ERR_CONFIG_INVALID, EKB_ERR_MOUNT_NOT_A_SERVICE, EKB_ERR_MOUNT_AND_USE, EKB_ERR_PLAN_ROUTE_CLASH
 * and what is wrong with the graph (`docs/errors.md`)
 */
export function createMount(target: MountTarget, options: MountOptions = {}): Mount {
  checkOptions(options, Object.keys(OPTIONS), 'the options of the mount')
  checkValues(options)
  const mounted = unique([target].flat(), 'createMount()')
  const used = unique(options.uses ?? [], 'the option uses')
  const both = mounted.find((definition) => used.includes(definition))
  if (both !== undefined) throw createError('EKB_ERR_MOUNT_AND_USE', { service: both.name })
  const log = options.log ?? createLogger({ level: 'warn', format: 'json' })
  return new ServiceMount({ ...options, mounted, used, log, session: sessionFor(options.dependencies, log) })
}

/** A worker looks after what is mounted in it, wherever the rest runs. */
function sessionFor(dependencies: MountOptions['dependencies'], log: Logger): HostSession | undefined {
  const session = hostSession()
  if (dependencies === 'pools' && session?.use === undefined) return ownSession(log, session)
  return dependencies === 'inline' && session !== undefined ? inThisProcess(session) : session
}

function unique(services: readonly unknown[], to: string): readonly ServiceDefinition[] {
  return [...new Set(services.map((service) => definitionGiven(service, to)))]
}

function checkValues(options: MountOptions): void {
  for (const [key, values] of Object.entries(VALUES)) {
    const value = (options as Readonly<Record<string, unknown>>)[key]
    if (value === undefined || values.includes(value)) continue
    const expected = values.map((each) => `'${each}'`).join(' or ')
    throw createError('EKB_ERR_CONFIG_INVALID', {
      source: 'the options of the mount',
      key,
      value: describeValue(value),
      expected,
    })
  }
}
