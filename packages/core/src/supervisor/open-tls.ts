import type { ServeSettings } from '../config/serve-settings.js'
import type { TlsKeeper } from './tls-keeper.js'

/** The code that reads certificates is loaded where there is one. */
export async function openTls({ ssl }: Pick<ServeSettings, 'ssl'>): Promise<TlsKeeper | undefined> {
  if (ssl === undefined) return undefined
  return (await import('./tls-keeper.js')).TlsKeeper.open(ssl)
}
