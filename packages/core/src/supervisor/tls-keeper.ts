import { createHash, randomBytes } from 'node:crypto'
import type { ServeSettings } from '../config/serve-settings.js'
import type { SslSettings } from '../config/ssl-settings.js'
import type { PlanWarning } from '../plan/serve-plan.js'
import { readTlsFiles, type TlsFiles } from '../tls/read-tls-files.js'
import type { TlsIdentity } from '../tls/tls-identity.js'

const TICKET_KEYS_BYTES = 48
/** OpenSSL takes no more. */
const SESSION_CONTEXT_LENGTH = 32

export interface ReadIdentity {
  readonly identity: TlsIdentity
  readonly warnings: readonly PlanWarning[]
}

/**
 * Reads what workers encrypt with, anew for each generation; the supervisor may read files that they may not. The key of
 * the session tickets is made once: a client goes on with its session whichever worker it comes to, also after a reload.
 */
export class TlsKeeper {
  readonly #ssl: SslSettings
  readonly #ticketKeys = randomBytes(TICKET_KEYS_BYTES).toString('base64')
  /** Read at the start, before anything else was. */
  #first: TlsFiles | undefined

  private constructor(ssl: SslSettings, first: TlsFiles) {
    this.#ssl = ssl
    this.#first = first
  }

  /** Rejects with what is wrong with the files. */
  static async open(ssl: SslSettings): Promise<TlsKeeper> {
    return new TlsKeeper(ssl, await readTlsFiles(ssl))
  }

  /** The files as they are now. Where they are stays as it was; all else is as it is now set. */
  async read({ ssl: now = this.#ssl }: Pick<ServeSettings, 'ssl'>): Promise<ReadIdentity> {
    const { certfile, keyfile, caCerts } = this.#ssl
    const { identity, warnings } = this.#first ?? (await readTlsFiles({ ...now, certfile, keyfile, caCerts }))
    this.#first = undefined
    const ticketKeys = this.#ticketKeys
    return { identity: { ...identity, ticketKeys, sessionContext: this.#contextOf(identity) }, warnings }
  }

  /** Who goes on with a session shows no certificate again: not where others are accepted than when it began. */
  #contextOf({ ca, clientCert }: TlsFiles['identity']): string {
    const parts = [this.#ticketKeys, clientCert ?? '', ca ?? '']
    return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, SESSION_CONTEXT_LENGTH)
  }
}
