import type { SettingEntries } from './setting-entries.js'
import { invalidSetting } from './setting-errors.js'
import { sourceRank } from './source-rank.js'

/**
 * The Unix socket that is listened on; undefined: host and port are. Whichever was given in the stronger place counts.
 * Throws where one place says both, and where a mode has nothing that it is the mode of.
 */
export function chooseAddress(entries: SettingEntries): string | undefined {
  const uds = entries.get('uds')
  if (uds === undefined) {
    refuseMode(entries, 0, 'uds beside it: the path of the socket')
    return undefined
  }
  const rank = sourceRank(uds.source)
  for (const key of ['port', 'host']) {
    const other = entries.get(key)
    const otherRank = sourceRank(other?.source ?? 'default')
    if (otherRank > rank) {
      refuseMode(entries, otherRank, `no ${key} beside it (${other?.source}), which is listened on in place of uds`)
      return undefined
    }
    if (other === undefined || otherRank < rank) continue
    throw invalidSetting(['uds'], uds.source, { value: uds.value, expected: `no ${key} beside it (${other.source})` })
  }
  return uds.value as string
}

/** A mode from a place at least as strong is meant, and would do nothing. */
function refuseMode(entries: SettingEntries, rank: number, expected: string): void {
  const mode = entries.get('udsMode')
  if (mode === undefined || mode.source === 'default' || sourceRank(mode.source) < rank) return
  throw invalidSetting(['udsMode'], mode.source, { value: mode.value, expected })
}
