import type { AppToRun } from './serve-settings.js'

export interface AddressSettings {
  readonly port: number
  readonly uds?: string | undefined
  readonly app?: Pick<AppToRun, 'bindsAsked'> | undefined
  readonly sources?: Readonly<Record<string, string>>
}

/** Is the port known, and where it is bound, before the app says anything? */
export function isKnownSocket(settings: AddressSettings): boolean {
  if (settings.app?.bindsAsked === false || settings.uds !== undefined) return true
  return isGiven(settings, 'port') && (isGiven(settings, 'host') || settings.port === 0)
}

export function isGiven({ sources }: Pick<AddressSettings, 'sources'>, key: 'port' | 'host'): boolean {
  return (sources?.[key] ?? 'default') !== 'default'
}

/** Does an app that is run decide it by itself? The default does not count then. */
export function isAppsOwn(settings: AddressSettings, key: 'port' | 'host'): boolean {
  return settings.app !== undefined && !isKnownSocket(settings) && !isGiven(settings, key)
}
