import type { ServiceSettings } from '../service/service-definition.js'

/** One api as the supervisor and callers know it. */
export interface GraphApi {
  readonly name: string
  readonly route: string
  readonly idempotent: boolean
  readonly stream: boolean
}

/** An edge to a service in this graph. */
export interface GraphEdge {
  readonly property: string
  readonly service: string
  readonly optional: boolean
}

/** An edge to a service that runs elsewhere. */
export interface RemoteEdge {
  readonly property: string
  /** Without user and password. */
  readonly url: string
  readonly optional: boolean
  /** Its name, where its class is known here. */
  readonly service?: string
}

/** A service of the graph as plain data. */
export interface GraphNode {
  readonly name: string
  readonly apis: readonly GraphApi[]
  readonly dependencies: readonly GraphEdge[]
  readonly remotes: readonly RemoteEdge[]
  readonly settings: ServiceSettings
  /** Equal on two generations: they may call each other. */
  readonly schemaHash: string
  /** Parameters of a constructor that nobody can fill: 0 when `create` is given. */
  readonly constructorParameters: number
  /** Has it a `static onDeploy()`, to be run once before its workers? */
  readonly deploys: boolean
}

/** What the first entry worker announces: JSON, dependencies before their dependents, the entry last. */
export interface ServiceGraph {
  readonly entry: string
  readonly nodes: readonly GraphNode[]
  /** Services of the whole graph that do not run here. */
  readonly elsewhere: readonly string[]
  /** A host app that is still being built may call more. */
  readonly open?: boolean
}
