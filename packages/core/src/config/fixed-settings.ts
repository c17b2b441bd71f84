import type { ServeSettings } from './serve-settings.js'

/**
 * What a reload cannot change, by the names of the options: the socket stays as it was bound, files and folders where
 * they are, the supervisor's log as it is. Certificates are read anew, from where they were.
 */
const FIXED: Readonly<Record<string, (settings: ServeSettings) => unknown>> = {
  host: ({ host }) => host,
  port: ({ port }) => port,
  uds: ({ uds }) => uds,
  udsMode: ({ udsMode }) => udsMode,
  backlog: ({ backlog }) => backlog,
  workerListen: ({ workerListen }) => workerListen,
  instance: ({ instance }) => instance,
  // An app's is that of its service.
  name: ({ name, app }) => (app === undefined ? name : undefined),
  user: ({ user }) => user,
  group: ({ group }) => group,
  pidfile: ({ pidfile }) => pidfile,
  admin: ({ admin }) => admin,
  logLevel: ({ log }) => log.level,
  logFormat: ({ log }) => log.format,
  developmentMode: ({ developmentMode }) => developmentMode,
  reload: ({ reload }) => reload,
  sslCertfile: ({ ssl }) => ssl?.certfile,
  sslKeyfile: ({ ssl }) => ssl?.keyfile,
  sslCaCerts: ({ ssl }) => ssl?.caCerts,
}

/** Of a warning about them. */
export const WAIT_FOR_RESTART = 'a reload cannot change these settings: they wait for a restart'

/** The names of those that have changed since the start. */
export function changedFixed(started: ServeSettings, now: ServeSettings): readonly string[] {
  return Object.keys(FIXED).filter((name) => FIXED[name]?.(started) !== FIXED[name]?.(now))
}
