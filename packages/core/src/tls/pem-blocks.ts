/** What stands between `-----BEGIN X-----` and `-----END X-----`, those lines included. */
export interface PemBlock {
  readonly label: string
  readonly text: string
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g
const CERTIFICATE = /^(X509 |TRUSTED )?CERTIFICATE$/
const PRIVATE_KEY = /PRIVATE KEY$/

export function pemBlocks(text: string): readonly PemBlock[] {
  return [...text.matchAll(BLOCK)].map(([block, label]) => ({ label: label as string, text: block }))
}

export function isCertificate({ label }: PemBlock): boolean {
  return CERTIFICATE.test(label)
}

export function isPrivateKey({ label }: PemBlock): boolean {
  return PRIVATE_KEY.test(label)
}

/** In either of the two ways in which OpenSSL writes it. */
export function isEncrypted({ label, text }: PemBlock): boolean {
  return label.startsWith('ENCRYPTED') || /^Proc-Type: 4,ENCRYPTED/m.test(text)
}

/** What a file is that should have held such blocks and has none, in words. */
export function describeMissing(text: string, wanted: 'certificate' | 'private key'): string {
  const blocks = pemBlocks(text)
  if (text.trim() === '') return 'it is empty'
  if (blocks.length === 0) return 'it is no PEM'
  const labels = [...new Set(blocks.map(({ label }) => label.toLowerCase()))]
  return `it holds no ${wanted}, but: ${labels.join(', ')}`
}
