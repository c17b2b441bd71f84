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
    // By the first name of a path: `workers.Embedder` is one of `workers`.
    const [key = ''] = path.split('.')
    const takers = takersOf(key)
    if (source === 'default' || takers.includes(taker)) continue
    throw unused({ path, source }, { taker, takers, ...OPTIONS.find((each) => each.key === key) })
  }
}

/** Who has a use for a setting, by its name in code and file. */
export function takersOf(key: string): readonly OptionTaker[] {
  const row = OPTIONS.find((each) => each.key === key || each.msKey === key)
  return row?.takenBy ?? GROUPS[key] ?? OPTION_TAKERS
}

/** Options of `bootstrapProduction` that are no settings, and what to say of them elsewhere. */
const APPS_OWN: Readonly<Record<string, string>> = {
  metrics: 'The services of serveHttpProduction() run in workers, and a registry of this process is not theirs.',
  uses: 'What a service calls is said by its dependencies.',
}

/** Throws where an option in code is one that only an app's own main file can give. */
export function refuseAppsOwn(key: string, source: string): void {
  const instead = Object.hasOwn(APPS_OWN, key) ? APPS_OWN[key] : undefined
  if (instead === undefined) return
  throw unused({ path: key, source }, { taker: 'serveHttpProduction', takers: ['bootstrapProduction'], instead })
}

/** Throws where an app's own main file says in its options what to serve. */
export function refuseIdentifier(options: object, source: string): void {
  if (!('identifier' in options) || options.identifier === undefined) return
  const instead = 'What the function that it is called with returns is served.'
  const refusal: Refusal = { taker: 'bootstrapProduction', takers: ['serveHttpProduction'], instead }
  throw unused({ path: 'identifier', source }, refusal)
}

interface Refusal {
  readonly taker: OptionTaker
  readonly takers: readonly OptionTaker[]
  readonly instead?: string
}

function unused({ path, source }: { path: string; source: string }, { taker, takers, instead }: Refusal): Error {
  const params = { source, key: path, taker: SHOWN[taker], takers: takers.map((each) => SHOWN[each]), instead }
  return createError('EKB_ERR_CONFIG_UNUSED', params)
}
