import { joinHostGraphs } from '../graph/host-graph.js'
import type { ServiceGraph } from '../graph/service-graph.js'
import type { Announcement } from '../ipc/protocol.js'
import type { ServePlan, ServicePlan } from '../plan/serve-plan.js'
import type { WorkerFactory } from './worker-factory.js'

export interface GenerationGrowthOptions {
  /** What was planned first. */
  readonly graph: ServiceGraph
  readonly factory: WorkerFactory
  readonly plan: (graph: ServiceGraph) => Promise<ServePlan>
  /** What is new gets its ground prepared before its workers. */
  readonly deploy: (services: readonly ServicePlan[]) => Promise<void>
}

/** Plans what the workers of a host app call beside what was announced first: one after another, each on top of the last. */
export class GenerationGrowth {
  readonly #options: GenerationGrowthOptions
  #graph: ServiceGraph
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: GenerationGrowthOptions) {
    this.#options = options
    this.#graph = options.graph
  }

  /** The larger plan; undefined: all of it is planned already. Rejects with a coded error. */
  grow(announcement: Announcement): Promise<ServePlan | undefined> {
    const grown = this.#last.then(() => this.#grow(announcement))
    this.#last = grown.catch(() => {})
    return grown
  }

  async #grow({ graph, modules = {} }: Announcement): Promise<ServePlan | undefined> {
    const known = new Set(this.#graph.nodes.map(({ name }) => name))
    const joined = joinHostGraphs(this.#graph, graph)
    if (joined === this.#graph) return undefined
    const { factory, plan, deploy } = this.#options
    const planned = await plan(joined)
    factory.learn(modules)
    await deploy(planned.services.filter(({ name }) => !known.has(name)))
    this.#graph = joined
    return planned
  }
}
