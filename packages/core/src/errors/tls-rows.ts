import { row } from './error-row.js'

/** Why the public socket cannot be encrypted. */
export const TLS_ROWS = {
  EKB_ERR_TLS_INCOMPLETE: row<{ key: string; source: string; needed: string }>({
    exitCode: 2,
    message: (p) => `Setting '${p.key}' (${p.source}) has no effect without '${p.needed}'`,
    hint: (p) => `Give ${p.needed} as well, or leave ${p.key} out.`,
  }),
  EKB_ERR_TLS_FILE: row<{ file: string; setting: string; reason: string }>({
    exitCode: 2,
    message: (p) => `${p.file} cannot be used as ${p.setting}: ${p.reason}`,
    hint: (p) =>
      p.setting === 'sslKeyfile'
        ? 'Give a private key as PEM that this user may read: it begins with -----BEGIN PRIVATE KEY-----.'
        : 'Give certificates as PEM that this user may read: each begins with -----BEGIN CERTIFICATE-----.',
  }),
  EKB_ERR_TLS_PASSWORD: row<{ file: string; isGiven: boolean }>({
    exitCode: 2,
    message: (p) =>
      p.isGiven
        ? `The private key ${p.file} cannot be decrypted: its password is another`
        : `The private key ${p.file} is encrypted, and its password was not given`,
    hint: () => 'Set the variable EKIBEN_SSL_KEYFILE_PASSWORD, or sslKeyfilePassword in code or configuration file.',
  }),
  EKB_ERR_TLS_PAIR: row<{ certfile: string; keyfile: string; isOfAnother: boolean }>({
    exitCode: 2,
    message: (p) => `The private key ${p.keyfile} is not that of the first certificate in ${p.certfile}`,
    hint: (p) =>
      p.isOfAnother
        ? "It is that of another certificate in the file: the server's own comes first, then those that issued it."
        : 'Give the key that the certificate was made for; both change when it is renewed.',
  }),
  EKB_ERR_TLS_EXPIRED: row<{ file: string; subject: string; at: string }>({
    exitCode: 2,
    message: (p) => `The certificate of ${p.subject} in ${p.file} expired on ${p.at}`,
    hint: () => 'Renew it; a running instance takes the new one with a reload. Is the clock of this machine right?',
  }),
  EKB_ERR_TLS_NOT_YET_VALID: row<{ file: string; subject: string; at: string }>({
    exitCode: 2,
    message: (p) => `The certificate of ${p.subject} in ${p.file} is not valid before ${p.at}`,
    hint: () => 'Wait until then, or use the one before it. Is the clock of this machine right?',
  }),
  EKB_ERR_TLS_REFUSED: row<{ reason: string }>({
    exitCode: 2,
    message: (p) => `TLS cannot be served with these settings: ${p.reason}`,
    hint: () => 'The reason is what OpenSSL says to certificate, key and ciphers together; correct what it names.',
  }),
  EKB_ERR_TLS_APP_SERVER: row<{ server: string }>({
    exitCode: 2,
    message: (p) => `The app listens with ${p.server}, which --ssl-certfile cannot encrypt`,
    hint: () =>
      'Have the app listen with a plain server of node:http, or leave the --ssl options out where it encrypts by itself.',
  }),
}
