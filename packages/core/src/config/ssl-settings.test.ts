import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { layerFromData } from './layer-from-data.js'
import { mergeConfig } from './merge-config.js'

const merge = (data: object) => mergeConfig([layerFromData(data, 'file', 'file x.json')], { terminal: false }).ssl
const PAIR = { sslCertfile: 'c.pem', sslKeyfile: 'k.pem' }

describe('settings of TLS', () => {
  it('are none where no certificate is given', () => {
    assert.equal(merge({}), undefined)
  })

  it('have defaults beside a certificate and its key', () => {
    assert.deepEqual(merge(PAIR), {
      certfile: 'c.pem',
      keyfile: 'k.pem',
      password: undefined,
      caCerts: undefined,
      clientCert: 'required',
      ciphers: undefined,
      minVersion: 'TLSv1.2',
    })
  })

  it('take all that can be set', () => {
    const all = { sslKeyfilePassword: 'p', sslCaCerts: 'ca.pem', sslClientCert: 'optional', sslCiphers: 'X' }
    const ssl = merge({ ...PAIR, ...all, sslMinVersion: 'TLSv1.3' })
    assert.deepEqual(ssl, {
      certfile: 'c.pem',
      keyfile: 'k.pem',
      password: 'p',
      caCerts: 'ca.pem',
      clientCert: 'optional',
      ciphers: 'X',
      minVersion: 'TLSv1.3',
    })
  })

  for (const [alone, needed] of [
    [{ sslCertfile: 'c' }, 'sslKeyfile'],
    [{ sslKeyfile: 'k' }, 'sslCertfile'],
    [{ sslKeyfilePassword: 'p' }, 'sslKeyfile'],
    [{ sslCaCerts: 'ca' }, 'sslCertfile'],
    [{ ...PAIR, sslClientCert: 'required' }, 'sslCaCerts'],
    [{ sslCiphers: 'X' }, 'sslCertfile'],
    [{ sslMinVersion: 'TLSv1.2' }, 'sslCertfile'],
  ] as const) {
    it(`are incomplete as ${JSON.stringify(alone)}: ${needed} is missing`, () => {
      assert.throws(
        () => merge(alone),
        (error: Error & { code?: string }) =>
          error.code === 'EKB_ERR_TLS_INCOMPLETE' && error.message.endsWith(`has no effect without '${needed}'`),
      )
    })
  }
})
