import { createError } from '../errors/service-error.js'
import { OPTION_TAKERS, OPTIONS, type OptionTaker, SERVING } from './options.js'

/** Who takes the settings beside the options. */
const GROUPS: Readonly<Record<string, readonly OptionTaker[]>> = { cors: SERVING }

const SHOWN: Readonly<Record<OptionTaker, string>> = {
  serve: 'ekiben serve',
  run: 'ekiben run',
  serveHttpProduction: 'serveHttpProduction()',
  bootstrapProduction: 'bootstrapProduction()',
}

/** Throws where a setting was given, in whatever place, that whoever it was given to has no use for. */
export function refuseUnused(sources: Readonly<Record<string, string>>, taker: OptionTaker): void {
  for (const [path, source] of Object.entries(sources)) {
    const takers = takersOf(path)
    if (source === 'default' || takers.includes(taker)) continue
    const params = { source, key: path, taker: SHOWN[taker], takers: takers.map((each) => SHOWN[each]) }
    throw createError('EKB_ERR_CONFIG_UNUSED', params)
  }
}

/** By the first name of a path: `workers.Embedder` is one of `workers`. */
function takersOf(path: string): readonly OptionTaker[] {
  const [key = ''] = path.split('.')
  return OPTIONS.find((row) => row.key === key)?.takenBy ?? GROUPS[key] ?? OPTION_TAKERS
}
