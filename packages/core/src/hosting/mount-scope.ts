import { sharedSlot } from '../util/shared-state.js'
import { InlineGraph, type InlineGraphOptions } from './inline-graph.js'
import { LocalServices } from './local-services.js'

/**
 * What the mounts of one app have in common: each service that runs in this process runs once for all of them that have
 * what it depends on in the same place.
 */
export interface MountScope {
  readonly graph: InlineGraph
  /** Those that run here, for what they say of themselves; undefined: a worker takes that into what it says. */
  readonly services: LocalServices | undefined
  /** One mount less; the last one stops what runs. */
  release(): Promise<void>
}

interface Shared extends Pick<MountScope, 'graph' | 'services'> {
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
  const shared = scopes.get(holder) ?? makeShared(options)
  scopes.set(holder, shared)
  shared.mounts++
  return {
    graph: shared.graph,
    services: shared.services,
    release: async () => {
      shared.mounts--
      if (shared.mounts > 0) return
      scopes.delete(holder)
      await shared.graph.stop()
    },
  }
}

function makeShared(options: InlineGraphOptions): Shared {
  if (options.join !== undefined) return { graph: new InlineGraph(options), services: undefined, mounts: 0 }
  const services = new LocalServices(options.log)
  return { graph: new InlineGraph({ ...options, join: services.join }), services, mounts: 0 }
}
