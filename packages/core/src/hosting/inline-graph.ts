import { runInCall } from '../call/current-call.js'
import { createInlineTransport } from '../call/inline-transport.js'
import { createRemoteClient } from '../call/remote-client.js'
import { type CallTransport, createServiceClient } from '../call/service-client.js'
import { createError } from '../errors/service-error.js'
import { constructorParameters } from '../graph/constructor-parameters.js'
import { followEdge, followEdges, type LocalEdge, type RemoteDependency } from '../graph/follow-edges.js'
import type { GraphCut } from '../graph/graph-cut.js'
import { type Gate, gatedHandler, makeGate } from '../http/gate.js'
import type { Logger } from '../observe/logger.js'
import { Runner } from '../runner/runner.js'
import { constructService, type ServiceInstance } from '../runner/service-instance.js'
import { bindDependencies } from '../service/bind-dependencies.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import type { HostSession } from './host-session.js'
import { LastCalls } from './last-calls.js'

/** A service that runs in this process. */
export interface RunningService {
  readonly service: string
  readonly instance: ServiceInstance
  readonly runner: Runner
  readonly transport: CallTransport
  readonly client: object
}

export interface InlineGraphOptions {
  readonly log: Logger
  /** Which worker this process is. Default 0. */
  readonly slot?: number
  /** Which part of the graph runs here. Default: all of it. */
  readonly cut?: GraphCut | undefined
  /** Where services that others depend on run instead of in this process. Default: here, each once. */
  readonly reach?: ((definition: ServiceDefinition) => CallTransport) | undefined
  /** Told of each that has started, whoever looks after this process; what it returns, before any stops. */
  readonly join?: HostSession['join'] | undefined
  /** What their last calls get as they stop, where nobody ends this process by a deadline of its own. Default: 20 s. */
  readonly lastCallsMs?: number
}

export interface InlineStart {
  /** What stands in for its dependencies, by property: a client, or another service. */
  readonly standIns?: Readonly<Record<string, unknown>>
  /** Makes its instance in place of `create` and `new`. */
  readonly construct?: (() => unknown) | undefined
}

/** Services in this process, each once and after those it depends on, as workers would be. */
export class InlineGraph {
  readonly #options: InlineGraphOptions
  readonly #starting = new Map<ServiceDefinition, Promise<RunningService>>()
  readonly #gates = new Map<ServiceDefinition, Gate | undefined>()
  /** In the order in which they started. */
  #running: RunningService[] = []
  readonly #leave: (() => void)[] = []

  constructor(options: InlineGraphOptions) {
    this.#options = options
  }

  /** Starts it once, with all that it depends on; rejects when one of them cannot start. Those that did run until `stop`. */
  start(definition: ServiceDefinition, how: InlineStart = {}): Promise<RunningService> {
    return this.#start(definition, how, [])
  }

  /** Resolves when all that was to start runs; rejects with why one of them does not. */
  async started(): Promise<void> {
    await Promise.all(this.#starting.values())
  }

  /** One for all calls to a service, from wherever they come; undefined: it takes all at once. */
  gateOf(definition: ServiceDefinition): Gate | undefined {
    if (!this.#gates.has(definition)) this.#gates.set(definition, makeGate(definition))
    return this.#gates.get(definition)
  }

  /** The calls that run, and those to come, are told that this process is about to leave. */
  beginDrain(): void {
    for (const { runner } of this.#running) runner.beginDrain()
  }

  /**
   * Dependents before what they depend on, each after its last call, if that ends in time. Rejects with what an `onStop`
   * threw, when all have stopped.
   */
  async stop(): Promise<void> {
    // What still starts is stopped as well.
    await Promise.allSettled(this.#starting.values())
    this.#starting.clear()
    this.beginDrain()
    for (const leave of this.#leave.splice(0)) leave()
    const failures: unknown[] = []
    const { log, lastCallsMs } = this.#options
    const lastCalls = new LastCalls(log, lastCallsMs)
    for (const running of this.#running.splice(0).reverse()) {
      await lastCalls.of(running)
      try {
        await running.instance.onStop?.()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  /** `path`: services above, whose start waits for this one. */
  #start(definition: ServiceDefinition, how: InlineStart, path: readonly ServiceDefinition[]): Promise<RunningService> {
    if (path.includes(definition)) {
      const names = [...path.slice(path.indexOf(definition)), definition].map(({ name }) => name)
      return Promise.reject(createError('EKB_ERR_GRAPH_CYCLE', { path: names }))
    }
    const known = this.#starting.get(definition)
    if (known !== undefined) return known
    const starting = this.#run(definition, how, [...path, definition])
    this.#starting.set(definition, starting)
    return starting
  }

  async #run(
    definition: ServiceDefinition,
    { standIns = {}, construct }: InlineStart,
    path: readonly ServiceDefinition[],
  ): Promise<RunningService> {
    const { name: service } = definition
    const clients: Record<string, unknown> = {}
    for (const property of Object.keys(definition.dependencies)) {
      clients[property] = await this.#clientOf(definition, property, { standIn: standIns[property], path })
    }
    const instance = await constructAs(definition, construct)
    bindDependencies(instance, clients)
    const { log, slot = 0, join } = this.#options
    const inCall = Object.keys(clients).length > 0 ? { inCall: runInCall } : {}
    const runner = new Runner({ definition, instance, slot, log: log.child({ service }), ...inCall })
    await instance.onStart?.()
    const gate = this.gateOf(definition)
    const handler = runner.invoke.bind(runner)
    const transport = createInlineTransport({
      service,
      handler: gate ? gatedHandler(gate, handler) : handler,
      timeoutMs: definition.settings.traffic?.timeoutMs,
    })
    const running = { service, instance, runner, transport, client: createServiceClient(definition, transport) }
    this.#running.push(running)
    if (join !== undefined) this.#leave.push(join(running))
    return running
  }

  /** undefined: it can do without, and is to. */
  #edge(definition: ServiceDefinition, property: string): LocalEdge | RemoteDependency | undefined {
    const { cut } = this.#options
    if (cut === undefined) return followEdge(definition, property)
    const { locals, remotes } = followEdges(definition, cut)
    return [...locals, ...remotes].find((edge) => edge.property === property)
  }

  async #clientOf(definition: ServiceDefinition, property: string, at: Place): Promise<unknown> {
    const { standIn, path } = at
    if (standIn !== undefined) {
      const other = definitionOf(standIn)
      return other === undefined ? standIn : (await this.#start(other, {}, path)).client
    }
    const edge = this.#edge(definition, property)
    if (edge === undefined) return undefined
    if ('url' in edge) return createRemoteClient(edge)
    const { reach } = this.#options
    if (reach !== undefined) return createServiceClient(edge.definition, reach(edge.definition))
    return (await this.#start(edge.definition, {}, path)).client
  }
}

interface Place {
  readonly standIn: unknown
  readonly path: readonly ServiceDefinition[]
}

async function constructAs(
  definition: ServiceDefinition,
  construct: (() => unknown) | undefined,
): Promise<ServiceInstance> {
  if (construct !== undefined) return constructService({ ...definition, create: construct })
  const count = definition.create === undefined ? constructorParameters(definition.userClass) : 0
  if (count > 0) throw createError('EKB_ERR_PLAN_CONSTRUCTOR', { service: definition.name, count })
  return constructService(definition)
}
