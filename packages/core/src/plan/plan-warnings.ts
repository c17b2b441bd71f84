import type { PlanSettings } from './plan-settings.js'
import type { Machine } from './read-machine.js'
import type { PlanWarning, ServicePlan } from './serve-plan.js'

interface PlanFacts {
  readonly services: readonly ServicePlan[]
  /** Services of the graph that do not run here. */
  readonly elsewhere: readonly string[]
  readonly settings: PlanSettings
  readonly machine: Machine
}

/** Settings that are possible one by one, and do not work together. */
export function planWarnings(facts: PlanFacts): PlanWarning[] {
  const { settings, machine } = facts
  const anywhere = [...elsewhereWarnings(facts), ...backlogWarnings(settings, machine)]
  // Of what is about pools it is said there that it has no effect.
  if (settings.developmentMode === true) return anywhere
  return [
    ...facts.services.flatMap((service) => serviceWarnings(service, facts.settings)),
    ...workerWarnings(facts),
    ...anywhere,
    ...memoryWarnings(facts),
    ...gpuWarnings(facts),
    ...threadWarnings(facts),
    ...appWarnings(facts),
  ]
}

function serviceWarnings({ name, traffic, supervision }: ServicePlan, settings: PlanSettings): PlanWarning[] {
  const { drainTimeoutMs, prestopDelayMs, keepAliveDrainMs, livenessTimeoutMs } = supervision
  const { gracefulShutdownMs } = settings
  const timeoutMs = traffic?.timeoutMs ?? 0
  const stop = `the ${gracefulShutdownMs} ms of the whole stop (--timeout-graceful-shutdown)`
  const warnings: PlanWarning[] = []
  if (timeoutMs > gracefulShutdownMs) {
    warnings.push({
      code: 'EKB_WRN_PLAN_TIMEOUT_ABOVE_STOP',
      message: `Calls of '${name}' may take ${timeoutMs} ms, longer than ${stop}: a stop may cut them`,
    })
  } else if (timeoutMs > drainTimeoutMs) {
    warnings.push({
      code: 'EKB_WRN_PLAN_TIMEOUT_ABOVE_DRAIN',
      message: `Calls of '${name}' may take ${timeoutMs} ms, longer than its drainTimeoutMs of ${drainTimeoutMs}: a stop may cut them`,
    })
  }
  if (livenessTimeoutMs > 0 && timeoutMs > livenessTimeoutMs) {
    warnings.push({
      code: 'EKB_WRN_PLAN_TIMEOUT_ABOVE_LIVENESS',
      message: `Calls of '${name}' may take ${timeoutMs} ms, longer than its livenessTimeoutMs of ${livenessTimeoutMs}: one that blocks the event loop is ended before`,
    })
  }
  if (prestopDelayMs + drainTimeoutMs > gracefulShutdownMs) {
    warnings.push({
      code: 'EKB_WRN_PLAN_DRAIN_ABOVE_STOP',
      message: `prestopDelayMs and drainTimeoutMs of '${name}' are ${prestopDelayMs + drainTimeoutMs} ms together, longer than ${stop}`,
    })
  }
  if (keepAliveDrainMs > drainTimeoutMs) {
    warnings.push({
      code: 'EKB_WRN_PLAN_KEEP_ALIVE_ABOVE_DRAIN',
      message: `keepAliveDrainMs of '${name}' is ${keepAliveDrainMs}, above its drainTimeoutMs of ${drainTimeoutMs}: idle connections are cut instead of closed`,
    })
  }
  return warnings
}

function workerWarnings({ services, settings }: PlanFacts): PlanWarning[] {
  const entry = services.find((service) => service.entry)
  const byName = entry && settings.workers[entry.name]
  const { apiWorkers } = settings
  if (apiWorkers === undefined || byName === undefined || byName === apiWorkers) return []
  const message = `apiWorkers is ${apiWorkers} and workers of '${entry?.name}', which is the same pool, is ${byName}: ${entry?.workers} counts`
  return [{ code: 'EKB_WRN_PLAN_WORKERS_TWICE', message }]
}

/** A file may be one for all machines; what was given for this start alone was meant to have an effect. */
function elsewhereWarnings({ elsewhere, settings }: PlanFacts): PlanWarning[] {
  return (['workers', 'services'] as const).flatMap((group) =>
    elsewhere.flatMap((name) => {
      const key = `${group}.${name}`
      const isHere = (path: string) => path === key || path.startsWith(`${key}.`)
      const sources = Object.entries(settings.sources ?? {}).filter(([path]) => isHere(path))
      if (!Object.hasOwn(settings[group], name) || sources.every(([, source]) => source.startsWith('file '))) return []
      return [{ code: 'EKB_WRN_PLAN_ELSEWHERE', message: `${key} has no effect: '${name}' does not run here` }]
    }),
  )
}

function memoryWarnings({ services, machine: { memoryLimitBytes } }: PlanFacts): PlanWarning[] {
  const heapBytes = services.reduce((sum, { workers, maxHeapBytes = 0 }) => sum + workers * maxHeapBytes, 0)
  if (memoryLimitBytes === undefined || heapBytes <= memoryLimitBytes) return []
  const message = `The heaps of all workers may grow to ${toMiB(heapBytes)} MiB together; this machine or container has ${toMiB(memoryLimitBytes)}`
  return [{ code: 'EKB_WRN_PLAN_HEAP_ABOVE_MEMORY', message }]
}

/** Of a server that listens. */
export function backlogWarnings(
  { backlog }: Pick<PlanSettings, 'backlog'>,
  { somaxconn }: Pick<Machine, 'somaxconn'>,
): PlanWarning[] {
  if (somaxconn === undefined || backlog <= somaxconn) return []
  const message = `A backlog of ${backlog} is cut to ${somaxconn} by the operating system (net.core.somaxconn)`
  return [{ code: 'EKB_WRN_PLAN_BACKLOG_ABOVE_SOMAXCONN', message }]
}

function gpuWarnings({ services, machine: { gpuCount } }: PlanFacts): PlanWarning[] {
  if (gpuCount !== undefined || services.every(({ gpus }) => gpus.length === 0)) return []
  const message = 'How many GPUs this machine has is not known: workers get the numbers from 0 up'
  return [{ code: 'EKB_WRN_PLAN_GPU_COUNT_UNKNOWN', message }]
}

/** Node runs an app's main file as that of a process. */
function threadWarnings(facts: PlanFacts): PlanWarning[] {
  const { settings } = facts
  const app = appOf(facts)
  if (app === undefined) return []
  const own = settings.services[app.name]?.threads === true ? `services.${app.name}.threads` : undefined
  const key = own ?? (settings.threaded === true ? 'threaded' : undefined)
  if (key === undefined) return []
  const message = `${key} has no effect on the workers of '${app.name}', which run its main file: each is a process`
  return [{ code: 'EKB_WRN_PLAN_THREADS_APP', message }]
}

/** What is about the calls of a service says nothing of an app's requests. */
function appWarnings(facts: PlanFacts): PlanWarning[] {
  const app = appOf(facts)
  if (app === undefined) return []
  const { name } = app
  const { traffic = {}, dependencyGraceMs } = facts.settings.services[name] ?? {}
  const warnings = Object.keys(traffic).map((key) => ({
    code: 'EKB_WRN_PLAN_TRAFFIC_APP',
    message: `services.${name}.traffic.${key} has no effect: the app '${name}' answers its requests itself; set the limit in the app, or for a service that it calls`,
  }))
  if (dependencyGraceMs === undefined) return warnings
  const message = `services.${name}.dependencyGraceMs has no effect: no service calls the app '${name}'; set it for those that it calls, or for all under supervision`
  return [...warnings, { code: 'EKB_WRN_PLAN_GRACE_APP', message }]
}

function appOf({ services, settings }: PlanFacts): ServicePlan | undefined {
  return settings.app === undefined ? undefined : services.find((service) => service.entry)
}

function toMiB(bytes: number): number {
  return Math.round(bytes / 1024 ** 2)
}
