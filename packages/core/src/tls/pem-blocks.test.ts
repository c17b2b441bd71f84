import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeMissing, isCertificate, isEncrypted, isPrivateKey, pemBlocks } from './pem-blocks.js'

const block = (label: string, body = 'AAAA') => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`

describe('the blocks of a PEM file', () => {
  it('are found among other text, with their labels', () => {
    const text = `subject=CN\n${block('CERTIFICATE')}between\n${block('EC PARAMETERS')}${block('EC PRIVATE KEY')}`
    assert.deepEqual(
      pemBlocks(text).map(({ label }) => label),
      ['CERTIFICATE', 'EC PARAMETERS', 'EC PRIVATE KEY'],
    )
    assert.equal(pemBlocks(text)[0]?.text, block('CERTIFICATE').trim())
    assert.deepEqual(pemBlocks(text).map(isCertificate), [true, false, false])
    assert.deepEqual(pemBlocks(text).map(isPrivateKey), [false, false, true])
    assert.deepEqual(pemBlocks('-----BEGIN CERTIFICATE-----\nAAAA\n'), [])
  })

  it('say when they are encrypted', () => {
    const old = block('RSA PRIVATE KEY', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA')
    const texts = [block('ENCRYPTED PRIVATE KEY'), old, block('PRIVATE KEY')]
    assert.deepEqual(
      texts.flatMap((text) => pemBlocks(text).map(isEncrypted)),
      [true, true, false],
    )
  })

  it('are missed in words', () => {
    assert.equal(describeMissing(' \n', 'certificate'), 'it is empty')
    assert.equal(describeMissing('hello', 'certificate'), 'it is no PEM')
    const text = block('PRIVATE KEY') + block('PRIVATE KEY')
    assert.equal(describeMissing(text, 'certificate'), 'it holds no certificate, but: private key')
  })
})
