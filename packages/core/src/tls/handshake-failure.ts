/** Why a connection never came to be encrypted: the words that its count and its log line have. */
export const HANDSHAKE_FAILURES = [
  'plain-http',
  'client-certificate',
  'no-common-ground',
  'refused-by-client',
  'timeout',
  'disconnected',
  'other',
] as const
export type HandshakeFailure = (typeof HANDSHAKE_FAILURES)[number]

const NO_COMMON_GROUND =
  /UNSUPPORTED_PROTOCOL|NO_SHARED_CIPHER|NO_SUITABLE_|WRONG_VERSION_NUMBER|NO_APPLICATION_PROTOCOL|VERSION_TOO_LOW|NO_PROTOCOLS_AVAILABLE/

/** The reason that an error of OpenSSL or of Node stands for. `unauthorized`: what is wrong with the client's certificate. */
export function handshakeFailure(code: string, unauthorized: string | undefined): HandshakeFailure {
  if (unauthorized !== undefined) return 'client-certificate'
  if (code === 'ERR_SSL_HTTP_REQUEST') return 'plain-http'
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return 'timeout'
  if (code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') return 'client-certificate'
  if (NO_COMMON_GROUND.test(code)) return 'no-common-ground'
  if (/ALERT/.test(code)) return 'refused-by-client'
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING')
    return 'disconnected'
  return 'other'
}
