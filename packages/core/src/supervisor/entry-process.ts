import type { ServeSettings } from '../config/serve-settings.js'
import type { ServicePlan } from '../plan/serve-plan.js'
import { SUPERVISION_DEFAULTS } from '../plan/supervision-defaults.js'
import { parseBytes } from '../util/parse-bytes.js'
import { type Environment, isInherited } from './worker-environment.js'

/** What is fixed when a process is spawned. */
export interface EntryProcess {
  /** Variables that are set for it, beside those that it inherits. */
  readonly declared: Readonly<Record<string, string>>
  /** Which it inherits; undefined: all. */
  readonly allow: readonly string[] | undefined
  readonly nodeArgs: readonly string[]
  readonly maxHeapBytes: number | undefined
  /** It is a thread of a process that is spawned so. */
  readonly threads: boolean
}

/**
 * How entry workers are spawned before there is a plan: an app as it is set, by its name. A service may declare more,
 * and nobody knows its name yet.
 */
export function entryProcess({
  app,
  services,
  envAllow,
  threaded,
}: Pick<ServeSettings, 'app' | 'services' | 'envAllow' | 'threaded'>): EntryProcess {
  const given = app === undefined ? {} : (services[app.name] ?? {})
  return {
    declared: given.env ?? {},
    allow: given.envAllow ?? envAllow,
    nodeArgs: given.nodeArgs ?? [],
    maxHeapBytes: given.maxHeapBytes === undefined ? undefined : parseBytes(given.maxHeapBytes),
    threads: app === undefined && threaded === true,
  }
}

/** How long the first worker may take to announce what it is: of what is said by name, that of an app alone is known. */
export function announcementTimeoutMs({
  app,
  services,
  supervision,
}: Pick<ServeSettings, 'app' | 'services' | 'supervision'>): number {
  const given = app === undefined ? undefined : services[app.name]?.bootTimeoutMs
  return given ?? supervision.bootTimeoutMs ?? SUPERVISION_DEFAULTS.bootTimeoutMs
}

/** Can a worker that was spawned so serve under the plan, or must a fresh one take its place? */
export function fitsPlan(plan: ServicePlan, inherited: Environment, spawned: EntryProcess): boolean {
  const names = Object.keys(inherited).filter((name) => inherited[name] !== undefined)
  const isSame = names.every((name) => isInherited(name, spawned.allow) === isInherited(name, plan.envAllow))
  const passed = new Set(names.filter((name) => isInherited(name, plan.envAllow)))
  const set = [...Object.keys(plan.env), ...Object.keys(spawned.declared)].filter((name) => !passed.has(name))
  const setsGpus = plan.gpus.length > 0 && inherited.CUDA_VISIBLE_DEVICES === undefined
  return (
    isSame &&
    set.every((name) => plan.env[name] === spawned.declared[name]) &&
    !setsGpus &&
    JSON.stringify(plan.nodeArgs) === JSON.stringify(spawned.nodeArgs) &&
    plan.maxHeapBytes === spawned.maxHeapBytes &&
    plan.threads === spawned.threads
  )
}
