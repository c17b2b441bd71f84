import type { Server } from '../supervisor/server.js'
import { type Deferred, deferred } from '../util/deferred.js'
import { sharedSlot } from '../util/shared-state.js'

export interface EntryRole {
  /** Set in the worker of a pool: settled when the file that it imports calls `bootstrapProduction`. */
  call: Deferred<void> | undefined
  /** What the first call of `bootstrapProduction` in this process gives; undefined: there was none. */
  first: Promise<Server> | undefined
  /** It was called again: what the first call started ends with that. */
  refused: boolean
}

/** What the app's main file is run for in this process. */
export function entryRole(): EntryRole {
  return sharedSlot('entry-role', (): EntryRole => ({ call: undefined, first: undefined, refused: false }))
}

/**
 * This process imports a file for the services that it declares. Where that is an app's own main file, it is run up to
 * its call of `bootstrapProduction`, at which this resolves: that call never returns here.
 */
export function runEntryForServices(): Promise<void> {
  const role = entryRole()
  role.call ??= deferred()
  return role.call.promise
}
