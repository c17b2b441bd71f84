import type { ServeSettings } from '../config/serve-settings.js'
import type { ServiceGraph } from '../graph/service-graph.js'
import { timeoutKey, workersKey } from '../plan/plan-service.js'
import type { ServePlan, ServicePlan, TrafficPlan } from '../plan/serve-plan.js'
import type { ServiceSettings } from '../service/service-definition.js'
import type { ExplainedSettings, ExplainedValue } from './explain-settings.js'

type Settings = Pick<
  ServeSettings,
  'app' | 'services' | 'supervision' | 'sources' | 'threaded' | 'envAllow' | 'apiWorkers' | 'workers' | 'timeoutMs'
> &
  Parameters<typeof workersKey>[0]

/** By service name: what it is run with, in the form of the configuration file, each value with its source. */
export function explainServices(plan: ServePlan, graph: ServiceGraph, settings: Settings): ExplainedSettings {
  return Object.fromEntries(
    plan.services.map((service) => {
      const own = graph.nodes.find(({ name }) => name === service.name)?.settings ?? {}
      return [service.name, explainService(service, new Origin(service, own, settings))]
    }),
  )
}

function explainService(plan: ServicePlan, origin: Origin): ExplainedSettings {
  const { traffic, supervision, env } = plan
  const { restart, ...watched } = supervision
  const supervised = (path: string, value: unknown): ExplainedValue => at(value, origin.ofSupervision(path))
  const { dependencyGraceMs: _ofCalls, ...ofApp } = watched
  return {
    workers: at(plan.workers, origin.ofWorkers()),
    threads: at(plan.threads, origin.ofThreads()),
    ...(traffic !== undefined && { traffic: explainTraffic(traffic, origin) }),
    resources: { gpu: at(origin.valueOf('resources.gpu') ?? 0, origin.of('resources.gpu')) },
    env: mapValues(env, (name, value) => at(value, origin.ofVariable(name))),
    envAllow: at(plan.envAllow, origin.ofEnvAllow()),
    nodeArgs: at(plan.nodeArgs, origin.of('nodeArgs')),
    maxHeapBytes: at(plan.maxHeapBytes, origin.of('maxHeapBytes')),
    // Nobody calls an app.
    ...mapValues(traffic === undefined ? ofApp : watched, supervised),
    restart: mapValues(restart, (key, value) => supervised(`restart.${key}`, value)),
  }
}

function explainTraffic({ timeoutMs, maxConcurrency, maxQueue }: TrafficPlan, origin: Origin): ExplainedSettings {
  return {
    timeoutMs: at(timeoutMs, origin.ofTimeout()),
    maxConcurrency: at(maxConcurrency, origin.of('traffic.maxConcurrency')),
    maxQueue: at(maxQueue, origin.of('traffic.maxQueue')),
  }
}

/** Where each value of a service came from. */
class Origin {
  readonly #plan: ServicePlan
  readonly #own: ServiceSettings
  readonly #settings: Settings

  constructor(plan: ServicePlan, own: ServiceSettings, settings: Settings) {
    this.#plan = plan
    this.#own = own
    this.#settings = settings
  }

  /** Of what is said for this service, or by it. */
  of(path: string): string {
    return this.#given(path) ?? this.#ownOr(path)
  }

  /** What was said. */
  valueOf(path: string): unknown {
    return lookUp(this.#settings.services[this.#plan.name], path) ?? lookUp(this.#own, path)
  }

  ofSupervision(path: string): string {
    // Two workers on one GPU are one too many.
    if (path === 'surge' && this.#plan.gpus.length > 0) return 'resources.gpu'
    return this.#given(path) ?? this.#ofAll('supervision', path) ?? this.#ownOr(path)
  }

  ofWorkers(): string {
    return this.#source(workersKey(this.#settings, this.#which)) ?? this.#ownOr('workers')
  }

  ofTimeout(): string {
    return this.#source(timeoutKey(this.#settings, this.#which)) ?? this.#ownOr('traffic.timeoutMs')
  }

  ofThreads(): string {
    if (this.#settings.app !== undefined && this.#plan.entry) return 'default'
    return this.#given('threads') ?? this.#ofAll('threaded') ?? this.#ownOr('threads')
  }

  ofEnvAllow(): string {
    return this.#given('envAllow') ?? this.#ofAll('envAllow') ?? this.#ownOr('envAllow')
  }

  /** Its name may have dots. */
  ofVariable(name: string): string {
    const isGiven = this.#settings.services[this.#plan.name]?.env?.[name] !== undefined
    return (isGiven ? this.#source(`services.${this.#plan.name}.env.${name}`) : undefined) ?? this.#itself
  }

  get #which() {
    return { name: this.#plan.name, isEntry: this.#plan.entry }
  }

  get #itself(): string {
    return `service '${this.#plan.name}'`
  }

  #given(path: string): string | undefined {
    const { name } = this.#plan
    if (lookUp(this.#settings.services[name], path) === undefined) return undefined
    return this.#source(`services.${name}.${path}`)
  }

  #ofAll(key: 'supervision' | 'threaded' | 'envAllow', path?: string): string | undefined {
    const value = path === undefined ? this.#settings[key] : lookUp(this.#settings[key], path)
    return value === undefined ? undefined : this.#source(path === undefined ? key : `${key}.${path}`)
  }

  #ownOr(path: string): string {
    return lookUp(this.#own, path) === undefined ? 'default' : this.#itself
  }

  #source(key: string | undefined): string | undefined {
    return key === undefined ? undefined : (this.#settings.sources[key] ?? 'the settings')
  }
}

function at(value: unknown, source: string): ExplainedValue {
  return { value: value ?? null, source }
}

function mapValues<T>(of: object, make: (key: string, value: unknown) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [key, make(key, value)]))
}

function lookUp(tree: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], tree)
}
