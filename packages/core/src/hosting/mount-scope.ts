import { sharedSlot } from '../util/shared-state.js'
import { InlineGraph, type InlineGraphOptions } from './inline-graph.js'

/** What the mounts of one app have in common: each service that runs inline runs once for all of them. */
export interface MountScope {
  readonly graph: InlineGraph
  /** One mount less; the last one stops what runs. */
  release(): Promise<void>
}

interface Shared {
  readonly graph: InlineGraph
  mounts: number
}

/** Joins the scope of `key`; the first one makes it. */
export function enterScope(key: object | undefined, options: InlineGraphOptions): MountScope {
  const { scopes, process } = sharedSlot('mount-scopes', () => ({
    scopes: new WeakMap<object, Shared>(),
    process: {},
  }))
  const holder = key ?? process
  const shared = scopes.get(holder) ?? { graph: new InlineGraph(options), mounts: 0 }
  scopes.set(holder, shared)
  shared.mounts++
  return {
    graph: shared.graph,
    release: async () => {
      shared.mounts--
      if (shared.mounts > 0) return
      scopes.delete(holder)
      await shared.graph.stop()
    },
  }
}
