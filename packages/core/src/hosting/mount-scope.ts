import { sharedSlot } from '../util/shared-state.js'
import { InlineGraph, type InlineGraphOptions } from './inline-graph.js'

/**
 * What the mounts of one app have in common: each service that runs in this process runs once for all of them that have
 * what it depends on in the same place.
 */
export interface MountScope {
  readonly graph: InlineGraph
  /** One mount less; the last one stops what runs. */
  release(): Promise<void>
}

interface Shared {
  readonly graph: InlineGraph
  mounts: number
}

type Scopes = WeakMap<object, Shared>

/** Joins the scope of `key`; the first one makes it. */
export function enterScope(key: object | undefined, options: InlineGraphOptions): MountScope {
  const { inline, reaching, process } = sharedSlot('mount-scopes', () => ({
    inline: new WeakMap() as Scopes,
    reaching: new WeakMap() as Scopes,
    process: {},
  }))
  const scopes = options.reach === undefined ? inline : reaching
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
