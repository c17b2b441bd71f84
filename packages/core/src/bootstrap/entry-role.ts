import { type Deferred, deferred } from '../util/deferred.js'
import { sharedSlot } from '../util/shared-state.js'

interface EntryRole {
  /** Set in the worker of a pool: settled when the file that it imports calls `bootstrapProduction`. */
  call: Deferred<void> | undefined
  /** Was `bootstrapProduction` called in this process? */
  called: boolean
}

/** What the app's main file is run for in this process. */
export function entryRole(): EntryRole {
  return sharedSlot('entry-role', (): EntryRole => ({ call: undefined, called: false }))
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
