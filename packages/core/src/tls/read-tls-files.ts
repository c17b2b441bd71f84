import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { SslSettings } from '../config/ssl-settings.js'
import { reasonOf } from '../errors/reason-of.js'
import { createError, type ServiceError } from '../errors/service-error.js'
import type { PlanWarning } from '../plan/serve-plan.js'
import { type CertificateFacts, expiryWarnings, refuseCertificate } from './judge-certificate.js'
import { describeMissing, isCertificate, isEncrypted, isPrivateKey, pemBlocks } from './pem-blocks.js'
import type { TlsIdentity } from './tls-identity.js'

export interface TlsFiles {
  readonly identity: Omit<TlsIdentity, 'ticketKeys' | 'sessionContext'>
  readonly warnings: readonly PlanWarning[]
}

/** Who is no owner of a file, and not of its group. */
const OTHERS_MAY = 0o006

/**
 * Reads certificate, key and authorities, and has everything be wrong with them that can be before a client connects.
 *
 * @throws EKB_ERR_TLS_FILE, _PASSWORD, _PAIR, _EXPIRED, _NOT_YET_VALID, _REFUSED
 */
export async function readTlsFiles(ssl: SslSettings, now = Date.now()): Promise<TlsFiles> {
  const { certfile, keyfile, caCerts, clientCert, ciphers, minVersion } = ssl
  const cert = await read(certfile, 'sslCertfile')
  const chain = certificates(cert, certfile, 'sslCertfile')
  const keyText = await read(keyfile, 'sslKeyfile')
  const key = decrypt(keyText, ssl)
  if (!chain[0].checkPrivateKey(key)) {
    const isOfAnother = chain.some((other) => other.checkPrivateKey(key))
    throw createError('EKB_ERR_TLS_PAIR', { certfile, keyfile, isOfAnother })
  }
  const facts = chain.map((certificate) => factsOf(certificate, certfile))
  for (const each of facts) throwIf(refuseCertificate(each, now))
  const ca = caCerts === undefined ? undefined : await read(caCerts, 'sslCaCerts')
  const authorities = ca === undefined ? [] : certificates(ca, caCerts as string, 'sslCaCerts')
  const identity = {
    cert,
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    ca,
    clientCert: ca === undefined ? undefined : clientCert,
    ciphers,
    minVersion,
  }
  tryContext(identity)
  const warnings = [
    ...facts.flatMap((each) => expiryWarnings(each, now)),
    ...authorities.flatMap((authority) => expiryWarnings(factsOf(authority, caCerts as string), now)),
    ...passwordWarnings(keyText, ssl),
    ...(await keyWarnings(keyfile)),
  ]
  return { identity, warnings }
}

type Setting = 'sslCertfile' | 'sslKeyfile' | 'sslCaCerts'

async function read(file: string, setting: Setting): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw createError('EKB_ERR_TLS_FILE', { file, setting, reason: unreadable(cause) }, { cause })
  }
}

function unreadable(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'there is no such file'
    case 'EACCES':
    case 'EPERM':
      return `this user (id ${process.getuid?.()}) may not read it`
    case 'EISDIR':
      return 'it is a folder'
    default:
      return reasonOf(error)
  }
}

function certificates(text: string, file: string, setting: Setting): [X509Certificate, ...X509Certificate[]] {
  const blocks = pemBlocks(text).filter(isCertificate)
  const [first, ...others] = blocks.map((block, index) => {
    try {
      return new X509Certificate(block.text)
    } catch (cause) {
      const reason = `certificate ${index + 1} in it is damaged (${reasonOf(cause)})`
      throw createError('EKB_ERR_TLS_FILE', { file, setting, reason }, { cause })
    }
  })
  if (first !== undefined) return [first, ...others]
  throw createError('EKB_ERR_TLS_FILE', { file, setting, reason: describeMissing(text, 'certificate') })
}

function decrypt(text: string, { keyfile: file, password }: SslSettings): KeyObject {
  const setting = 'sslKeyfile'
  const block = pemBlocks(text).find(isPrivateKey)
  if (block === undefined) {
    throw createError('EKB_ERR_TLS_FILE', { file, setting, reason: describeMissing(text, 'private key') })
  }
  if (isEncrypted(block) && password === undefined) throw createError('EKB_ERR_TLS_PASSWORD', { file, isGiven: false })
  try {
    return createPrivateKey({ key: block.text, ...(password !== undefined && { passphrase: password }) })
  } catch (cause) {
    if (isEncrypted(block)) throw createError('EKB_ERR_TLS_PASSWORD', { file, isGiven: true }, { cause })
    throw createError('EKB_ERR_TLS_FILE', { file, setting, reason: `the key in it is damaged (${reasonOf(cause)})` })
  }
}

function factsOf({ subject, validFrom, validTo }: X509Certificate, file: string): CertificateFacts {
  const shown = (subject ?? '').replaceAll('\n', ', ') || 'nobody'
  return { file, subject: shown, validFrom: Date.parse(validFrom), validTo: Date.parse(validTo) }
}

/** What OpenSSL has against them together: a key that is too short, ciphers that it does not know. */
function tryContext({ cert, key, ca, ciphers, minVersion }: TlsFiles['identity']): void {
  // OpenSSL leaves suites of TLS 1.3 as they are where none of them is named.
  if (ciphers !== undefined && minVersion === 'TLSv1.3' && !/(?:^|:)TLS_/.test(ciphers)) {
    const reason = `sslCiphers '${ciphers}' names no suite of TLS 1.3 (TLS_…), and sslMinVersion lets no other version be`
    throw createError('EKB_ERR_TLS_REFUSED', { reason })
  }
  try {
    createSecureContext({
      cert,
      key,
      minVersion,
      ...(ca !== undefined && { ca }),
      ...(ciphers !== undefined && { ciphers }),
    })
  } catch (cause) {
    const isCipher = (cause as NodeJS.ErrnoException).code === 'ERR_SSL_NO_CIPHER_MATCH'
    const reason = isCipher ? `no cipher suite is known of sslCiphers '${ciphers}'` : reasonOf(cause)
    throw createError('EKB_ERR_TLS_REFUSED', { reason }, { cause })
  }
}

/** A key may have been renewed without one: that is told, and is no reason to refuse it. */
function passwordWarnings(text: string, { keyfile, password }: SslSettings): PlanWarning[] {
  const block = pemBlocks(text).find(isPrivateKey)
  if (password === undefined || block === undefined || isEncrypted(block)) return []
  const message = `The private key ${keyfile} is not encrypted: the password given for it (sslKeyfilePassword) has no effect`
  return [{ code: 'EKB_WRN_TLS_PASSWORD_UNUSED', message }]
}

async function keyWarnings(file: string): Promise<PlanWarning[]> {
  // One that is being renewed may be gone again: it was read.
  const mode = (await stat(file).catch(() => undefined))?.mode ?? 0
  if ((mode & OTHERS_MAY) === 0) return []
  const octal = (mode & 0o777).toString(8)
  const message = `The private key ${file} can be read by every user of this machine (mode ${octal}): chmod o= ${file}`
  return [{ code: 'EKB_WRN_TLS_KEY_READABLE', message }]
}

function throwIf(error: ServiceError | undefined): void {
  if (error !== undefined) throw error
}
