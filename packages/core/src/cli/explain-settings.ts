import { isAppsOwn } from '../config/app-address.js'
import { LEFT_TO_APP, OPTIONS } from '../config/options.js'
import { takersOf } from '../config/refuse-unused.js'
import type { ServeSettings } from '../config/serve-settings.js'
import { socketAddress } from '../net/socket-url.js'
import { hideCredentials } from '../util/parse-remote-url.js'
import { REDACTED } from './redact-secrets.js'

/** A value and where it came from. */
export interface ExplainedValue {
  readonly value: unknown
  readonly source: string
}

export type ExplainedSettings = { readonly [key: string]: ExplainedValue | ExplainedSettings }

type Settings = Omit<ServeSettings, 'serviceManager'>

/** Every setting with its source. Durations are in milliseconds. A value that nothing sets is the service's own. */
export function explainSettings(settings: Settings): ExplainedSettings {
  const all = explainAll(settings)
  if (settings.app === undefined) return all
  const counting = Object.entries(all).filter(([key]) => takersOf(key).includes('run'))
  return Object.fromEntries(
    counting.map(([key, shown]) => [key, isDecidedByApp(key, settings) ? { value: null, source: LEFT_TO_APP } : shown]),
  )
}

/** Whatever its default, an app that is run is left alone. */
function isDecidedByApp(key: string, settings: Settings): boolean {
  if (key === 'port' || key === 'host') return isAppsOwn(settings, key)
  const row = OPTIONS.find((option) => option.key === key || option.msKey === key)
  return row?.defaultOf?.run === LEFT_TO_APP && (settings.sources[row.key] ?? 'default') === 'default'
}

function explainAll(settings: Settings): ExplainedSettings {
  const { sources } = settings
  const at = (value: unknown, key: string): ExplainedValue => ({
    value: value ?? null,
    source: sources[key] ?? 'default',
  })
  return {
    ...explainAddress(settings, at),
    backlog: at(settings.backlog, 'backlog'),
    apiWorkers: at(settings.apiWorkers, 'apiWorkers'),
    workers: explainTree(settings.workers, ['workers'], sources),
    threaded: at(settings.threaded, 'threaded'),
    only: at(settings.only, 'only'),
    depends: explainTree(withoutCredentials(settings.depends), ['depends'], sources),
    timeoutMs: at(settings.timeoutMs, 'timeout'),
    timeoutKeepAliveMs: at(settings.keepAliveTimeoutMs, 'timeoutKeepAlive'),
    timeoutGracefulShutdownMs: at(settings.gracefulShutdownMs, 'timeoutGracefulShutdown'),
    workingDir: at(settings.workingDir, 'workingDir'),
    logLevel: at(settings.log.level, 'logLevel'),
    logFormat: at(settings.log.format, 'logFormat'),
    accessLog: at(settings.accessLog, 'accessLog'),
    developmentMode: at(settings.developmentMode, 'developmentMode'),
    reload: at(settings.reload, 'reload'),
    inspect: at(settings.inspect && socketAddress(settings.inspect.host, settings.inspect.port), 'inspect'),
    name: at(settings.name, 'name'),
    instance: at(settings.instance, 'instance'),
    user: at(settings.user, 'user'),
    group: at(settings.group, 'group'),
    envAllow: at(settings.envAllow, 'envAllow'),
    pidfile: at(settings.pidfile, 'pidfile'),
    admin: at(settings.admin, 'admin'),
    workerListen: at(settings.workerListen, 'workerListen'),
    appPort: at(settings.appPort, 'appPort'),
    ready: at(settings.ready, 'ready'),
    ...explainSsl(settings.ssl, at),
    systemRoutes: at(settings.systemRoutes, 'systemRoutes'),
    prefix: at(settings.prefix, 'prefix'),
    trustProxy: at(settings.trustProxy ?? false, 'trustProxy'),
    cors: settings.cors === undefined ? at(undefined, 'cors') : explainTree(settings.cors, ['cors'], sources),
    supervision: explainTree(settings.supervision, ['supervision'], sources),
    services: explainTree(settings.services, ['services'], sources),
  }
}

function explainSsl(
  ssl: ServeSettings['ssl'],
  at: (value: unknown, key: string) => ExplainedValue,
): Record<string, ExplainedValue> {
  return {
    sslCertfile: at(ssl?.certfile, 'sslCertfile'),
    sslKeyfile: at(ssl?.keyfile, 'sslKeyfile'),
    sslKeyfilePassword: at(ssl?.password === undefined ? undefined : REDACTED, 'sslKeyfilePassword'),
    sslCaCerts: at(ssl?.caCerts, 'sslCaCerts'),
    sslClientCert: at(ssl?.clientCert, 'sslClientCert'),
    sslCiphers: at(ssl?.ciphers, 'sslCiphers'),
    sslMinVersion: at(ssl?.minVersion, 'sslMinVersion'),
  }
}

/** Either a Unix socket or host and port: what the other says does not count. */
function explainAddress(
  { port, host, uds, udsMode }: Pick<ServeSettings, 'port' | 'host' | 'uds' | 'udsMode'>,
  at: (value: unknown, key: string) => ExplainedValue,
): ExplainedSettings {
  const isTcp = uds === undefined
  return {
    port: at(isTcp ? port : undefined, 'port'),
    host: at(isTcp ? host : undefined, 'host'),
    uds: at(uds, 'uds'),
    udsMode: at(isTcp ? undefined : udsMode.toString(8).padStart(3, '0'), 'udsMode'),
  }
}

function withoutCredentials(depends: ServeSettings['depends']): ServeSettings['depends'] {
  return Object.fromEntries(Object.entries(depends).map(([name, url]) => [name, hideCredentials(url)]))
}

function explainTree(
  tree: object,
  path: readonly string[],
  sources: Readonly<Record<string, string>>,
): ExplainedSettings {
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => {
      const inner = [...path, key]
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        return [key, explainTree(value, inner, sources)]
      }
      return [key, { value, source: sources[inner.join('.')] ?? 'default' }]
    }),
  )
}
