import { chooseAddress } from './choose-address.js'
import { type CorsOptions, corsPolicy } from './cors-settings.js'
import { OPTIONS } from './options.js'
import type { ServeSettings } from './serve-settings.js'
import { SettingEntries } from './setting-entries.js'
import { sslSettings } from './ssl-settings.js'

/** The settings as far as they can be told without looking at the machine. */
export type MergedSettings = Omit<ServeSettings, 'identifier' | 'workingDir' | 'configFile' | 'serviceManager'>

/**
 * Lays layers of settings over one another, the weakest first, on top of the defaults, and remembers for each
 * value where it came from.
 */
export function mergeConfig(layers: readonly SettingEntries[], facts: { readonly terminal: boolean }): MergedSettings {
  const merged = new SettingEntries()
  for (const row of OPTIONS) {
    if (row.default !== undefined) merged.put({ path: [row.key], value: row.default, source: 'default' })
  }
  merged.put({ path: ['logFormat'], value: facts.terminal ? 'pretty' : 'json', source: 'default' })
  for (const layer of layers) for (const entry of layer) merged.put(entry)
  preferForDevelopment(merged)
  const tree = toTree(merged)
  const sources = sourcesOf(merged)
  const timeout = tree.timeout as number | 'none' | undefined
  return {
    port: tree.port as number,
    host: tree.host as string,
    uds: chooseAddress(merged),
    udsMode: Number.parseInt(tree.udsMode as string, 8),
    backlog: tree.backlog as number,
    apiWorkers: tree.apiWorkers as number | 'cpu' | undefined,
    workers: (tree.workers ?? {}) as MergedSettings['workers'],
    threaded: tree.threaded as boolean | undefined,
    only: tree.only as string | undefined,
    depends: (tree.depends ?? {}) as MergedSettings['depends'],
    timeoutMs: timeout === 'none' ? undefined : timeout,
    keepAliveTimeoutMs: tree.timeoutKeepAlive as number,
    gracefulShutdownMs: tree.timeoutGracefulShutdown as number,
    log: { level: tree.logLevel, format: tree.logFormat } as MergedSettings['log'],
    accessLog: tree.accessLog as boolean,
    developmentMode: tree.developmentMode as boolean,
    reload: tree.reload as boolean,
    inspect: (tree.inspect || undefined) as MergedSettings['inspect'],
    name: tree.name as string | undefined,
    instance: (tree.instance ?? tree.name) as string | undefined,
    user: tree.user as string | undefined,
    group: tree.group as string | undefined,
    envAllow: tree.envAllow as readonly string[] | undefined,
    pidfile: tree.pidfile as string | undefined,
    admin: tree.admin as string | undefined,
    workerListen: tree.workerListen as string | undefined,
    appPort: tree.appPort as number | undefined,
    ready: tree.ready as MergedSettings['ready'],
    ssl: sslSettings(tree, sources),
    systemRoutes: tree.systemRoutes as MergedSettings['systemRoutes'],
    prefix: tree.prefix as string,
    trustProxy: (tree.trustProxy || undefined) as MergedSettings['trustProxy'],
    cors: corsPolicy(tree.cors as Partial<CorsOptions> | undefined, merged),
    supervision: (tree.supervision ?? {}) as MergedSettings['supervision'],
    services: (tree.services ?? {}) as MergedSettings['services'],
    dryRun: tree.dryRun as boolean,
    explain: tree.explain as boolean,
    sources,
  }
}

/** Nobody else is to reach what somebody works on, who reads its log. */
const PREFERRED = { host: '127.0.0.1', logFormat: 'pretty' } as const

function preferForDevelopment(merged: SettingEntries): void {
  if (merged.get('developmentMode')?.value !== true) return
  for (const [key, value] of Object.entries(PREFERRED)) {
    if (merged.get(key)?.source === 'default') merged.put({ path: [key], value, source: 'default' })
  }
}

/** The same of settings that turn out to be those of development mode. */
export function inDevelopment(settings: ServeSettings): ServeSettings {
  const { host, log, sources } = settings
  const isOpen = (key: keyof typeof PREFERRED): boolean => (sources[key] ?? 'default') === 'default'
  return {
    ...settings,
    developmentMode: true,
    host: isOpen('host') ? PREFERRED.host : host,
    log: { ...log, format: isOpen('logFormat') ? PREFERRED.logFormat : log.format },
  }
}

type Branch = Map<string, Branch | { readonly value: unknown }>

function toTree(entries: SettingEntries): Record<string, unknown> {
  const root: Branch = new Map()
  for (const { path, value } of entries) {
    let branch = root
    for (const segment of path.slice(0, -1)) {
      const next = branch.get(segment)
      const inner: Branch = next instanceof Map ? next : new Map()
      branch.set(segment, inner)
      branch = inner
    }
    branch.set(path.at(-1) as string, { value })
  }
  return toObject(root)
}

/** `Object.fromEntries` defines own keys: a variable named `__proto__` stays a variable. */
function toObject(branch: Branch): Record<string, unknown> {
  return Object.fromEntries([...branch].map(([key, at]) => [key, at instanceof Map ? toObject(at) : at.value]))
}

function sourcesOf(entries: SettingEntries): Record<string, string> {
  const sources = Object.fromEntries(OPTIONS.filter((row) => row.key !== 'set').map((row) => [row.key, 'default']))
  for (const { path, source } of entries) sources[path.join('.')] = source
  return sources
}
