import type { AddressSettings } from '../config/app-address.js'
import { sourceRank } from '../config/source-rank.js'
import type { ServiceSettings, SupervisionOptions } from '../service/service-definition.js'

/** The settings of a serve that its plan is made from; they win over what the services declare. */
export interface PlanSettings {
  readonly port: number
  readonly host: string
  /** The Unix socket that stands in their place. */
  readonly uds?: string | undefined
  readonly udsMode?: number
  readonly backlog: number
  /** Processes of the entry service. */
  readonly apiWorkers: number | 'cpu' | undefined
  /** Processes by service name. */
  readonly workers: Readonly<Record<string, number | 'cpu'>>
  /** Workers of all services are threads; undefined: as each service says. */
  readonly threaded?: boolean | undefined
  /** One process that runs everything. */
  readonly developmentMode?: boolean | undefined
  /** The host app that is the entry; undefined: a service is. */
  readonly app?: AddressSettings['app']
  /** Of a whole request: the entry service's calls. */
  readonly timeoutMs: number | undefined
  /** The whole stop. */
  readonly gracefulShutdownMs: number
  /** Variables that workers inherit; undefined: all. */
  readonly envAllow?: readonly string[] | undefined
  /** For all services. */
  readonly supervision: SupervisionOptions
  /** By service name. */
  readonly services: Readonly<Record<string, Omit<ServiceSettings, 'name' | 'workers'>>>
  /** Where each value came from, by its dotted name. */
  readonly sources?: Readonly<Record<string, string>>
}

/** Where a setting came from, for an error; the nearest name above it that is known. */
export function sourceOf({ sources = {} }: PlanSettings, key: string): string {
  for (let name = key; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const source = sources[name]
    if (source !== undefined) return source
  }
  return 'the settings'
}

/** Two settings say the same thing: does the first come from a stronger place, such as a flag against a file? */
export function isStronger({ sources = {} }: PlanSettings, key: string, other: string): boolean {
  return sourceRank(sources[key] ?? 'default') > sourceRank(sources[other] ?? 'default')
}
