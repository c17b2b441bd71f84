import type { Logger } from '../observe/logger.js'
import type { MountedApi } from './mount-routes.js'
import type { HostBodyLimit } from './mount-types.js'

/** At the start: an api that asks for larger bodies than come through the host's parsers. */
export function warnOfHostLimit(apis: readonly MountedApi[], limit: HostBodyLimit, log: Logger): void {
  for (const { api, route } of apis) {
    const { bodyLimitBytes: own = 0 } = api.api
    if (own <= limit.bytes || isReadHere(api)) continue
    const name = `${route.service}.${route.api}`
    log.warn(
      { api: name, bodyLimit: own, hostBodyLimit: limit.bytes, code: 'EKB_WRN_MOUNT_BODY_LIMIT' },
      `${name} takes bodies of up to ${own} bytes (its bodyLimit), but the app refuses those above ${limit.bytes}: raise ${limit.setting}`,
    )
  }
}

/** Files go past the host's parsers. */
function isReadHere({ input, fields }: MountedApi['api']): boolean {
  return input === 'binary' || [...fields.values()].some((kind) => kind === 'file' || kind === 'files')
}
