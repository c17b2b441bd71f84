import { createError } from '../errors/service-error.js'

export const SSL_CLIENT_CERTS = ['required', 'optional'] as const
export const SSL_MIN_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

/** How the public socket is encrypted. */
export interface SslSettings {
  readonly certfile: string
  readonly keyfile: string
  /** Of the key; undefined: it has none. */
  readonly password: string | undefined
  /** Whose certificates clients may show; undefined: none is asked for. */
  readonly caCerts: string | undefined
  readonly clientCert: (typeof SSL_CLIENT_CERTS)[number]
  /** As OpenSSL writes them; undefined: Node's own choice. */
  readonly ciphers: string | undefined
  readonly minVersion: (typeof SSL_MIN_VERSIONS)[number]
}

/** Without the other, or without a certificate at all, a setting would be ignored. */
const NEEDS: Readonly<Record<string, string>> = {
  sslCertfile: 'sslKeyfile',
  sslKeyfile: 'sslCertfile',
  sslKeyfilePassword: 'sslKeyfile',
  sslCaCerts: 'sslCertfile',
  sslClientCert: 'sslCaCerts',
  sslCiphers: 'sslCertfile',
  sslMinVersion: 'sslCertfile',
}

/**
 * The settings of TLS among all; undefined: it is off. `sources`: where each came from.
 *
 * @throws EKB_ERR_TLS_INCOMPLETE
 */
export function sslSettings(
  tree: Readonly<Record<string, unknown>>,
  sources: Readonly<Record<string, string>>,
): SslSettings | undefined {
  const isGiven = (key: string): boolean => (sources[key] ?? 'default') !== 'default'
  for (const [key, needed] of Object.entries(NEEDS)) {
    if (!isGiven(key) || isGiven(needed)) continue
    throw createError('EKB_ERR_TLS_INCOMPLETE', { key, source: sources[key] as string, needed })
  }
  if (!isGiven('sslCertfile')) return undefined
  return {
    certfile: tree.sslCertfile as string,
    keyfile: tree.sslKeyfile as string,
    password: tree.sslKeyfilePassword as string | undefined,
    caCerts: tree.sslCaCerts as string | undefined,
    clientCert: tree.sslClientCert as SslSettings['clientCert'],
    ciphers: tree.sslCiphers as string | undefined,
    minVersion: tree.sslMinVersion as SslSettings['minVersion'],
  }
}
