import { isAppsOwn } from '../config/app-address.js'
import { createError } from '../errors/service-error.js'
import type { ServiceGraph } from '../graph/service-graph.js'
import { topoLevels } from '../graph/topo-levels.js'
import { nearNames } from '../util/near-names.js'
import { allocateGpus } from './allocate-gpus.js'
import { type LoneServicePlan, planService } from './plan-service.js'
import { type PlanSettings, sourceOf } from './plan-settings.js'
import { planWarnings } from './plan-warnings.js'
import type { Machine } from './read-machine.js'
import type { ServePlan, ServicePlan } from './serve-plan.js'

const CUDA_VARIABLE = 'CUDA_VISIBLE_DEVICES'

/** Graph, settings and machine → everything the supervisor carries out. Throws for what cannot be. */
export function makeServePlan(graph: ServiceGraph, settings: PlanSettings, machine: Machine): ServePlan {
  checkNumbers(settings)
  checkNames(graph, settings)
  const levels = topoLevels(graph.nodes)
  const lone = graph.nodes.map((node) => planService(node, { entry: graph.entry, settings, machine }))
  const gpus = planGpus(lone, machine)
  const services = lone.map(
    ({ gpu: _gpu, ...service }): ServicePlan => ({
      ...service,
      level: levels.get(service.name) as number,
      gpus: gpus.get(service.name) ?? [],
    }),
  )
  const warnings = planWarnings({ services, elsewhere: graph.elsewhere, settings, machine })
  return { entry: graph.entry, services, address: planAddress(settings), warnings }
}

function planAddress(settings: PlanSettings): ServePlan['address'] {
  const { host, port, uds, udsMode = 0, backlog } = settings
  if (uds !== undefined) return { uds, mode: udsMode.toString(8).padStart(3, '0'), backlog }
  const unlessAppsOwn = <T>(key: 'host' | 'port', value: T): T | null => (isAppsOwn(settings, key) ? null : value)
  return { host: unlessAppsOwn('host', host), port: unlessAppsOwn('port', port), backlog }
}

function checkNumbers(settings: PlanSettings): void {
  const { port, backlog, timeoutMs, gracefulShutdownMs } = settings
  const check = (key: string, value: number, holds: boolean, expected: string) => {
    if (holds) return
    const source = sourceOf(settings, key)
    throw createError('EKB_ERR_CONFIG_INVALID', { source, key, value: String(value), expected })
  }
  check('port', port, Number.isInteger(port) && port >= 0 && port <= 65_535, 'a whole number from 0 to 65535')
  check('backlog', backlog, Number.isSafeInteger(backlog) && backlog >= 1, 'a whole number, 1 or more')
  check('gracefulShutdownMs', gracefulShutdownMs, gracefulShutdownMs >= 0, 'milliseconds, 0 or more')
  if (timeoutMs !== undefined) check('timeoutMs', timeoutMs, timeoutMs > 0, 'milliseconds above 0')
}

/** Settings for a service that is not in the graph would be ignored: refused instead. One file may serve several parts of it. */
function checkNames(graph: ServiceGraph, settings: PlanSettings): void {
  if (graph.open === true) return
  const names = new Set([...graph.nodes.map(({ name }) => name), ...graph.elsewhere])
  for (const group of ['workers', 'services'] as const) {
    for (const name of Object.keys(settings[group])) {
      if (names.has(name)) continue
      const key = `${group}.${name}`
      throw createError('EKB_ERR_CONFIG_UNKNOWN', {
        source: sourceOf(settings, key),
        key,
        near: nearServices(name, names),
      })
    }
  }
}

/** Near names; for a wrong case or a name that nothing is near to, what there is. */
function nearServices(name: string, names: ReadonlySet<string>): string[] {
  const near = nearNames(name, names)
  return near.length > 0 ? near : [...names].slice(-3)
}

/** What the operating system or the service itself presets wins: nothing is allocated there. */
function planGpus(services: readonly LoneServicePlan[], machine: Machine): Map<string, string[]> {
  if (machine.cudaVisibleDevices !== undefined) return new Map()
  const requests = services.filter(({ gpu, env }) => gpu > 0 && env[CUDA_VARIABLE] === undefined)
  return allocateGpus(
    requests.map(({ name, workers, gpu }) => ({ service: name, workers, gpu })),
    machine.gpuCount,
  )
}
