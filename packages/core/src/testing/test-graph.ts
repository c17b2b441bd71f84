import { runInCall } from '../call/current-call.js'
import { createInlineTransport } from '../call/inline-transport.js'
import { createRemoteClient } from '../call/remote-client.js'
import { createServiceClient } from '../call/service-client.js'
import { createError } from '../errors/service-error.js'
import { constructorParameters } from '../graph/constructor-parameters.js'
import { followEdge } from '../graph/follow-edges.js'
import type { Logger } from '../observe/logger.js'
import { Runner } from '../runner/runner.js'
import { constructService, type ServiceInstance } from '../runner/service-instance.js'
import { bindDependencies } from '../service/bind-dependencies.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceDefinition } from '../service/service-definition.js'

/** A service that runs in this process. */
export interface RunningService {
  readonly instance: ServiceInstance
  readonly runner: Runner
  readonly client: object
}

/** What stands in for the dependencies of one service, by property: a client, or another service. */
export type StandIns = Readonly<Record<string, unknown>>

/** Services in this process, each once and after those it depends on, as workers would be. */
export class TestGraph {
  readonly #log: Logger
  readonly #running = new Map<ServiceDefinition, RunningService>()

  constructor(log: Logger) {
    this.#log = log
  }

  /** Rejects, with nothing running, when one of them cannot start. */
  async start(definition: ServiceDefinition, standIns: StandIns): Promise<RunningService> {
    try {
      return await this.#start(definition, standIns, [])
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Dependents before what they depend on. Rejects with what an `onStop` threw, when all have stopped. */
  async stop(): Promise<void> {
    const failures: unknown[] = []
    for (const { instance, runner } of [...this.#running.values()].reverse()) {
      runner.beginDrain()
      try {
        await instance.onStop?.()
      } catch (error) {
        failures.push(error)
      }
    }
    this.#running.clear()
    if (failures.length > 0) throw failures[0]
  }

  async #start(
    definition: ServiceDefinition,
    standIns: StandIns,
    path: readonly ServiceDefinition[],
  ): Promise<RunningService> {
    const known = this.#running.get(definition)
    if (known !== undefined) return known
    const below = [...path, definition]
    if (path.includes(definition)) {
      const names = below.slice(path.indexOf(definition)).map(({ name }) => name)
      throw createError('EKB_ERR_GRAPH_CYCLE', { path: names })
    }
    const clients: Record<string, unknown> = {}
    for (const property of Object.keys(definition.dependencies)) {
      clients[property] = await this.#clientOf(definition, property, { standIn: standIns[property], path: below })
    }
    const running = await this.#run(definition, clients)
    this.#running.set(definition, running)
    return running
  }

  async #clientOf(definition: ServiceDefinition, property: string, at: Place): Promise<unknown> {
    const { standIn, path } = at
    if (standIn !== undefined) {
      const other = definitionOf(standIn)
      return other === undefined ? standIn : (await this.#start(other, {}, path)).client
    }
    const edge = followEdge(definition, property)
    return 'url' in edge ? createRemoteClient(edge) : (await this.#start(edge.definition, {}, path)).client
  }

  async #run(definition: ServiceDefinition, clients: Readonly<Record<string, unknown>>): Promise<RunningService> {
    const { name: service } = definition
    const count = definition.create === undefined ? constructorParameters(definition.userClass) : 0
    if (count > 0) throw createError('EKB_ERR_PLAN_CONSTRUCTOR', { service, count })
    const instance = await constructService(definition)
    bindDependencies(instance, clients)
    const log = this.#log.child({ service })
    const inCall = Object.keys(clients).length > 0 ? { inCall: runInCall } : {}
    const runner = new Runner({ definition, instance, slot: 0, log, ...inCall })
    await instance.onStart?.()
    const transport = createInlineTransport({ service, handler: runner.invoke.bind(runner) })
    return { instance, runner, client: createServiceClient(definition, transport) }
  }
}

interface Place {
  readonly standIn: unknown
  /** Services above, whose start waits for this one. */
  readonly path: readonly ServiceDefinition[]
}
