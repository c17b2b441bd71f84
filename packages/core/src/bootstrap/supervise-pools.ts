import { appName } from '../config/find-app.js'
import { loadServeSettingsFromCode } from '../config/resolve-serve-settings.js'
import type { ServeSettings } from '../config/serve-settings.js'
import { createError } from '../errors/service-error.js'
import type { Server } from '../supervisor/server.js'
import { type LocalEntry, startServing } from '../supervisor/start-serving.js'

export interface PoolsToSupervise extends LocalEntry {
  /** The main file of this process, which calls the pools. */
  readonly main: string
}

/** Starts the pools that this process calls, with no public socket and no other caller. Rejects, with nothing left, where one cannot start. */
export async function supervisePools({ main, ...local }: PoolsToSupervise): Promise<Server> {
  const name = appName(main)
  // Its event loop is the supervisor's own: there is nobody who could tell that it stands still.
  const settings = await loadServeSettingsFromCode({ services: { [name]: { livenessTimeoutMs: 0 } } })
  const nodeArgs: readonly string[] = []
  const app = { name, main, args: [], appPort: undefined, nodeArgs, ready: 'listen', bindsAsked: true } as const
  const readSettings = (): Promise<ServeSettings> =>
    Promise.reject(createError('EKB_ERR_ONE_PROCESS', { what: 'reload()' }))
  return startServing({ ...settings, app }, { handleSignals: false, readSettings, local })
}
