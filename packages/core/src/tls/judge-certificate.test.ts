import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { expiryWarnings, refuseCertificate } from './judge-certificate.js'

const DAY = 86_400_000
const NOW = Date.UTC(2030, 0, 15)
const facts = (validFrom: number, validTo: number) => ({ file: 'cert.pem', subject: 'CN=shop', validFrom, validTo })

describe('a certificate', () => {
  it('is refused once it has expired, and before it is valid', () => {
    const expired = refuseCertificate(facts(0, NOW - 1), NOW)
    assert.equal(expired?.code, 'EKB_ERR_TLS_EXPIRED')
    assert.match(expired?.message ?? '', /CN=shop in cert\.pem expired on 2030-01-14T23:59:59\.999Z/)
    assert.equal(refuseCertificate(facts(NOW + 1, NOW + DAY), NOW)?.code, 'EKB_ERR_TLS_NOT_YET_VALID')
    assert.equal(refuseCertificate(facts(NOW, NOW), NOW), undefined)
  })

  it('is warned of when it expires within two weeks', () => {
    assert.deepEqual(expiryWarnings(facts(0, NOW + 14 * DAY), NOW), [])
    const [warning] = expiryWarnings(facts(0, NOW + 14 * DAY - 1), NOW)
    assert.equal(warning?.code, 'EKB_WRN_TLS_EXPIRES_SOON')
    assert.match(warning?.message ?? '', /expires in 13 days, on 2030-01-28/)
    assert.match(expiryWarnings(facts(0, NOW + 5), NOW)[0]?.message ?? '', /within a day/)
    assert.match(expiryWarnings(facts(0, NOW - 5 * DAY), NOW)[0]?.message ?? '', /has expired/)
  })
})
