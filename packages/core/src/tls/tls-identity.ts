/** What a worker encrypts its connections with: plain data, as it comes over the channel. */
export interface TlsIdentity {
  /** The certificate, and those between it and its authority, as PEM. */
  readonly cert: string
  /** As PEM, decrypted: no worker needs its password. */
  readonly key: string
  /** Authorities of client certificates, as PEM. */
  readonly ca: string | undefined
  /** undefined: no client is asked for one. */
  readonly clientCert: 'required' | 'optional' | undefined
  readonly ciphers: string | undefined
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** Of all workers, in all generations: what one has agreed on with a client, another can go on with. Base64. */
  readonly ticketKeys: string
  /** Sessions are gone on with where this is the same. */
  readonly sessionContext: string
}
