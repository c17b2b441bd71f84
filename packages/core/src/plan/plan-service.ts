import { createError } from '../errors/service-error.js'
import type { GraphNode } from '../graph/service-graph.js'
import type { ServiceSettings, SupervisionOptions } from '../service/service-definition.js'
import { parseBytes } from '../util/parse-bytes.js'
import { isStronger, type PlanSettings, sourceOf } from './plan-settings.js'
import type { Machine } from './read-machine.js'
import type { RestartPlan, ServicePlan, SupervisionPlan, TrafficPlan } from './serve-plan.js'
import { DEFAULT_MAX_QUEUE, DEFAULT_WORKERS, SUPERVISION_DEFAULTS } from './supervision-defaults.js'

/** A service's plan but for what depends on the others. */
export type LoneServicePlan = Omit<ServicePlan, 'level' | 'gpus'> & { readonly gpu: number }

interface PlanContext {
  readonly entry: string
  readonly settings: PlanSettings
  readonly machine: Machine
}

/** One service's pool: settings of this serve over the service's own over the defaults. */
export function planService(node: GraphNode, context: PlanContext): LoneServicePlan {
  const { name, settings: own } = node
  const { settings } = context
  const given = settings.services[name] ?? {}
  if (node.constructorParameters > 0) {
    throw createError('EKB_ERR_PLAN_CONSTRUCTOR', { service: name, count: node.constructorParameters })
  }
  const gpu = planGpu(given.resources?.gpu ?? own.resources?.gpu ?? 0, refusal(node, settings, 'resources.gpu'))
  const supervision = planSupervision([given, settings.supervision, own], (key) => refusal(node, settings, key))
  return {
    name,
    entry: name === context.entry,
    workers: countWorkers(node, context),
    threads: areThreads(node, context),
    dependencies: node.dependencies,
    remotes: node.remotes,
    traffic: isApp(name, context) ? undefined : planTraffic(node, context),
    supervision: gpu > 0 ? { ...supervision, surge: 0 } : supervision,
    env: { ...own.env, ...given.env },
    envAllow: given.envAllow ?? settings.envAllow ?? own.envAllow,
    gpu,
    nodeArgs: given.nodeArgs ?? own.nodeArgs ?? [],
    maxHeapBytes: planHeap(given.maxHeapBytes ?? own.maxHeapBytes, refusal(node, settings, 'maxHeapBytes')),
    schemaHash: node.schemaHash,
    deploys: node.deploys,
  }
}

/** Makes the error for an impossible value of one setting. */
type Refusal = (value: unknown, expected: string) => Error

function refusal({ name }: GraphNode, settings: PlanSettings, key: string): Refusal {
  const path = `services.${name}.${key}`
  const isGiven = settings.services[name] !== undefined
  const source = isGiven ? sourceOf(settings, path) : `service '${name}'`
  return (value, expected) =>
    createError('EKB_ERR_CONFIG_INVALID', { source, key: path, value: String(value), expected })
}

function countWorkers({ name, settings: own }: GraphNode, { entry, settings, machine }: PlanContext): number {
  const key = workersKey(settings, { name, isEntry: name === entry })
  const count = (key === 'apiWorkers' ? settings.apiWorkers : settings.workers[name]) ?? own.workers ?? DEFAULT_WORKERS
  if (count === 'cpu') return machine.cpuCount
  if (Number.isSafeInteger(count) && count >= 1) return count
  const source = key === undefined ? `service '${name}'` : sourceOf(settings, key)
  const expected = "a whole number, 1 or more, or 'cpu'"
  throw createError('EKB_ERR_CONFIG_INVALID', { source, key: key ?? 'workers', value: String(count), expected })
}

/** What is said of this service goes before what is said of all. A host app's own workers run its main file, each a process. */
function areThreads({ name, settings: own }: GraphNode, context: PlanContext): boolean {
  const { settings } = context
  if (isApp(name, context)) return false
  return settings.services[name]?.threads ?? settings.threaded ?? own.threads ?? false
}

/** The host app itself, and no service. */
function isApp(name: string, { entry, settings }: Pick<PlanContext, 'entry' | 'settings'>): boolean {
  return settings.app !== undefined && name === entry
}

/** Which setting says how many workers a service has; undefined: the service itself does, or nobody. */
export function workersKey(
  settings: PlanSettings,
  { name, isEntry }: { readonly name: string; readonly isEntry: boolean },
): string | undefined {
  const named = settings.workers[name] === undefined ? undefined : `workers.${name}`
  if (!isEntry || settings.apiWorkers === undefined) return named
  return named !== undefined && !isStronger(settings, 'apiWorkers', named) ? named : 'apiWorkers'
}

/** Which setting says how long a call of a service may take; undefined: the service itself does, or nobody. */
export function timeoutKey(
  settings: PlanSettings,
  { name, isEntry }: { readonly name: string; readonly isEntry: boolean },
): string | undefined {
  const isNamed = settings.services[name]?.traffic?.timeoutMs !== undefined
  const named = isNamed ? `services.${name}.traffic.timeoutMs` : undefined
  if (!isEntry || settings.timeoutMs === undefined) return named
  return named !== undefined && isStronger(settings, named, 'timeout') ? named : 'timeout'
}

function planTraffic({ name, settings: own }: GraphNode, { entry, settings }: PlanContext): TrafficPlan {
  const given = settings.services[name]?.traffic
  const isWhole = timeoutKey(settings, { name, isEntry: name === entry }) === 'timeout'
  const timeoutMs = isWhole ? settings.timeoutMs : given?.timeoutMs
  return {
    timeoutMs: timeoutMs ?? own.traffic?.timeoutMs,
    maxConcurrency: given?.maxConcurrency ?? own.traffic?.maxConcurrency,
    maxQueue: given?.maxQueue ?? own.traffic?.maxQueue ?? DEFAULT_MAX_QUEUE,
  }
}

function planSupervision(layers: readonly SupervisionOptions[], refuse: (key: string) => Refusal): SupervisionPlan {
  const layered = firstOf(layers, SUPERVISION_DEFAULTS)
  const restart = firstOf(
    layers.map((layer) => layer.restart ?? {}),
    SUPERVISION_DEFAULTS.restart,
  ) satisfies RestartPlan
  if (restart.maxMs < restart.initialMs) {
    throw refuse('restart.maxMs')(restart.maxMs, `restart.initialMs (${restart.initialMs}) or more`)
  }
  const maxRssBytes = parseBytes(layered.maxRssBytes)
  if (maxRssBytes === undefined)
    throw refuse('maxRssBytes')(layered.maxRssBytes, "a number of bytes, or a text such as '300M'")
  return { ...layered, maxRssBytes, restart }
}

/** Each key of the defaults, from the first layer that has it. */
function firstOf<T extends object>(layers: readonly Partial<Record<keyof T, unknown>>[], defaults: T): T {
  const picked = Object.entries(defaults).map(([key, fallback]) => {
    const layer = layers.find((candidate) => candidate[key as keyof T] !== undefined)
    return [key, layer?.[key as keyof T] ?? fallback] as const
  })
  return Object.fromEntries(picked) as T
}

function planGpu(gpu: number, refuse: Refusal): number {
  if (gpu >= 0 && (gpu < 1 || Number.isSafeInteger(gpu))) return gpu
  throw refuse(gpu, 'a whole number, or a fraction below 1')
}

function planHeap(size: ServiceSettings['maxHeapBytes'], refuse: Refusal): number | undefined {
  if (size === undefined) return undefined
  const bytes = parseBytes(size)
  if (bytes !== undefined && bytes > 0) return bytes
  throw refuse(size, "a number of bytes, or a text such as '300M'")
}
