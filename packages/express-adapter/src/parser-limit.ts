import { jsonLimitOf, type Mount } from '@ekiben/core/adapter'
import { type Layer, matchLayer } from './app-chain.js'

/** Warns of apis that take larger bodies than come through the app's own parser of JSON, which is in front of them. */
export async function warnOfParser(mount: Mount, chain: readonly Layer[], mountPath: unknown): Promise<void> {
  const [base] = [mountPath].flat().filter((each) => typeof each === 'string')
  const asked = chain.filter((layer) => base !== undefined && matchLayer(layer, base) !== undefined)
  const bytes = await jsonLimitOf(asked.map(({ handle }) => handle))
  mount.noteBodyLimit({ bytes, setting: 'the limit of express.json(), or put it behind the services' })
}
