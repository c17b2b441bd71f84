import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handshakeFailure } from './handshake-failure.js'

const CASES = [
  ['ERR_SSL_HTTP_REQUEST', undefined, 'plain-http'],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', undefined, 'timeout'],
  ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', undefined, 'client-certificate'],
  ['ECONNRESET', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'client-certificate'],
  ['ECONNRESET', undefined, 'disconnected'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', undefined, 'no-common-ground'],
  ['ERR_SSL_NO_SHARED_CIPHER', undefined, 'no-common-ground'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', undefined, 'refused-by-client'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', undefined, 'refused-by-client'],
  ['ERR_SSL_SOMETHING_NEW', undefined, 'other'],
  ['', undefined, 'other'],
] as const

for (const [code, unauthorized, reason] of CASES) {
  test(`a handshake that fails with '${code}'${unauthorized === undefined ? '' : ` (${unauthorized})`}: ${reason}`, () => {
    assert.equal(handshakeFailure(code, unauthorized), reason)
  })
}
