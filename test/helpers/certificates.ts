import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** A certificate and its key, both as PEM. */
export interface Issued {
  readonly cert: string
  readonly key: string
}

export interface IssueOptions {
  /** Default: from a day ago, for a hundred years. */
  readonly from?: Date
  readonly to?: Date
  /** May it issue others? Default: no. */
  readonly isAuthority?: boolean
}

export interface Authority extends Issued {
  issue(name: string, options?: IssueOptions): Issued
}

const DAY_MS = 86_400_000
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'

/** A certificate authority of its own, made here: Node reads certificates and makes none. */
export function makeAuthority(name = 'Ekiben Test CA', options: IssueOptions = {}): Authority {
  const { publicKey, privateKey } = newKey()
  const cert = certify({ name, publicKey, issuer: name, signer: privateKey }, { ...options, isAuthority: true })
  return { ...authority(name, privateKey), cert, key: toPem(privateKey) }
}

/** The key, encrypted with a password, as PEM. */
export function encryptKey(key: string, passphrase: string): string {
  return createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }) as string
}

function authority(issuer: string, signer: KeyObject): Pick<Authority, 'issue'> {
  return {
    issue: (name, options = {}) => {
      const { publicKey, privateKey } = newKey()
      return { cert: certify({ name, publicKey, issuer, signer }, options), key: toPem(privateKey) }
    },
  }
}

function newKey(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
}

function toPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string
}

interface Names {
  readonly name: string
  readonly publicKey: KeyObject
  readonly issuer: string
  readonly signer: KeyObject
}

/** RFC 5280, 4.1: the least that clients accept for localhost and 127.0.0.1. */
function certify({ name, publicKey, issuer, signer }: Names, options: IssueOptions): string {
  const now = Date.now()
  const { from = new Date(now - DAY_MS), to = new Date(now + 36_500 * DAY_MS), isAuthority = false } = options
  const algorithm = sequence(objectId(ECDSA_WITH_SHA256))
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    commonName(issuer),
    sequence(time(from), time(to)),
    commonName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions(isAuthority))),
  )
  const der = sequence(body, algorithm, bits(sign('sha256', body, signer)))
  const lines = der.toString('base64').match(/.{1,64}/g) as string[]
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function extensions(isAuthority: boolean): Buffer[] {
  const yes = tagged(0x01, Buffer.from([0xff]))
  if (isAuthority) return [sequence(objectId('2.5.29.19'), yes, octets(sequence(yes)))]
  const names = sequence(tagged(0x82, Buffer.from('localhost')), tagged(0x87, Buffer.from([127, 0, 0, 1])))
  return [sequence(objectId('2.5.29.17'), octets(names))]
}

function commonName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId('2.5.4.3'), tagged(0x0c, Buffer.from(name)))))
}

function time(at: Date): Buffer {
  return tagged(0x18, Buffer.from(`${at.toISOString().replace(/\D/g, '').slice(0, 14)}Z`))
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes)
}

function octets(content: Buffer): Buffer {
  return tagged(0x04, content)
}

function bits(content: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([0]), content]))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts))
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

/** Seven bits a byte, the highest first; all but the last are marked. */
function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >>> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}
