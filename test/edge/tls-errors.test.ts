import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { describe, it } from 'node:test'
import { serveHttpProduction } from '../../packages/core/build/serving.js'
import { whyNotAsOthers } from '../helpers/act-as-others.js'
import { encryptKey, makeAuthority } from '../helpers/certificates.js'
import { type NodeExit, runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { type TlsProject, tlsProject } from '../helpers/tls-project.js'

const DAY_MS = 86_400_000
const isRoot = process.getuid?.() === 0
/** Root may read every file. */
const NOT_ROOT = isRoot ? 65_534 : process.getuid?.()

interface Case {
  readonly what: string
  readonly code: string
  /** Of message and hint. */
  readonly says: RegExp
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly prepare?: (project: TlsProject) => Promise<unknown>
  /** What it is run by. */
  readonly under?: readonly string[]
  readonly skip?: string | false
  /** It is tried in each of the ways. */
  readonly isOfAll?: boolean
}

const OPTIONS = `{ readEnvironment: true, sslCertfile: 'cert.pem', sslKeyfile: 'key.pem' }`
/** What an app says that was run all the same. */
const RUN = 'the app was run'
const APP = `
import { createServer } from 'node:http'
console.log('${RUN}')
createServer().listen(process.env.PORT)
`
const MAIN = `
import { bootstrapProduction } from '@ekiben/core'
await bootstrapProduction(() => console.log('${RUN}'), ${OPTIONS})
`
const EMBEDDED = `
import { serveHttpProduction } from '@ekiben/core/serving'
await serveHttpProduction({ identifier: 'service:Greeter', handleSignals: true, ...${OPTIONS} })
`
const FILES = { 'app.mjs': APP, 'main.mjs': MAIN, 'embedded.mjs': EMBEDDED }
const FLAGS = ['--ssl-certfile', 'cert.pem', '--ssl-keyfile', 'key.pem']

/** Those beside `ekiben serve`, and with what code each ends. */
const WAYS: Readonly<Record<string, { args: readonly string[]; NODE_ENV?: string; exitCode: number }>> = {
  'ekiben serve --development': { args: [EKIBEN, 'serve', 'service:Greeter', '--development', ...FLAGS], exitCode: 2 },
  'ekiben run': { args: [EKIBEN, 'run', 'app.mjs', ...FLAGS], exitCode: 2 },
  'ekiben run --development': { args: [EKIBEN, 'run', 'app.mjs', '--development', ...FLAGS], exitCode: 2 },
  'bootstrapProduction, supervised': { args: ['main.mjs'], NODE_ENV: 'production', exitCode: 2 },
  'bootstrapProduction, in one process': { args: ['main.mjs'], exitCode: 2 },
  // What nobody has caught.
  serveHttpProduction: { args: ['embedded.mjs'], exitCode: 1 },
}

/** Has the project's certificate be another, with its key. */
async function reissue({ authority, file }: TlsProject, name: string, options: object): Promise<void> {
  const { cert, key } = authority.issue(name, options)
  await writeFile(file('cert.pem'), cert)
  await writeFile(file('key.pem'), key)
}

const CASES: readonly Case[] = [
  {
    what: 'a certificate without a key',
    code: 'EKB_ERR_TLS_INCOMPLETE',
    says: /'sslCertfile' \(flag --ssl-certfile\) has no effect without 'sslKeyfile'/,
    flags: ['--ssl-certfile', 'cert.pem'],
  },
  {
    what: 'a key without a certificate',
    code: 'EKB_ERR_TLS_INCOMPLETE',
    says: /'sslKeyfile' \(variable EKIBEN_SSL_KEYFILE\) has no effect without 'sslCertfile'/,
    flags: [],
    env: { EKIBEN_SSL_KEYFILE: 'key.pem' },
  },
  {
    what: 'authorities of clients without a certificate',
    code: 'EKB_ERR_TLS_INCOMPLETE',
    says: /'sslCaCerts'/,
    flags: ['--ssl-ca-certs', 'ca.pem'],
  },
  {
    what: 'a word about client certificates without authorities',
    code: 'EKB_ERR_TLS_INCOMPLETE',
    says: /'sslClientCert' .* without 'sslCaCerts'/,
    flags: ['--ssl-certfile', 'cert.pem', '--ssl-keyfile', 'key.pem', '--ssl-client-cert', 'optional'],
  },
  {
    what: 'a file that is not there',
    code: 'EKB_ERR_TLS_FILE',
    says: /nowhere\.pem cannot be used as sslCertfile: there is no such file/,
    flags: ['--ssl-certfile', 'nowhere.pem', '--ssl-keyfile', 'key.pem'],
  },
  {
    what: 'a folder in place of a file',
    code: 'EKB_ERR_TLS_FILE',
    says: /sslKeyfile: it is a folder/,
    flags: ['--ssl-certfile', 'cert.pem', '--ssl-keyfile', 'folder'],
    prepare: ({ file }) => mkdir(file('folder')),
  },
  {
    what: 'a key that may not be read',
    code: 'EKB_ERR_TLS_FILE',
    isOfAll: true,
    says: new RegExp(`key\\.pem cannot be used as sslKeyfile: this user \\(id ${NOT_ROOT}\\) may not read it`),
    prepare: async ({ path, file }) => {
      await chmod(path, 0o755)
      await chmod(file('key.pem'), 0)
    },
    ...(isRoot && {
      under: ['setpriv', `--reuid=${NOT_ROOT}`, `--regid=${NOT_ROOT}`, '--clear-groups'],
      skip: whyNotAsOthers() ?? false,
    }),
  },
  {
    what: 'an empty file',
    code: 'EKB_ERR_TLS_FILE',
    says: /sslCertfile: it is empty/,
    prepare: ({ file }) => writeFile(file('cert.pem'), '\n'),
  },
  {
    what: 'a file that is no PEM',
    code: 'EKB_ERR_TLS_FILE',
    says: /sslCertfile: it is no PEM[\s\S]*BEGIN CERTIFICATE/,
    prepare: ({ file }) => writeFile(file('cert.pem'), Buffer.from([0x30, 0x82, 1, 2])),
  },
  {
    what: 'certificate and key in the place of one another',
    code: 'EKB_ERR_TLS_FILE',
    says: /key\.pem cannot be used as sslCertfile: it holds no certificate, but: private key/,
    flags: ['--ssl-certfile', 'key.pem', '--ssl-keyfile', 'cert.pem'],
  },
  {
    what: 'a damaged certificate',
    code: 'EKB_ERR_TLS_FILE',
    says: /certificate 1 in it is damaged/,
    prepare: ({ file, issued }) => writeFile(file('cert.pem'), issued.cert.replace(/\n.{64}\n/, '\n')),
  },
  {
    what: 'a damaged key',
    code: 'EKB_ERR_TLS_FILE',
    says: /sslKeyfile: the key in it is damaged/,
    prepare: ({ file, issued }) => writeFile(file('key.pem'), issued.key.replace(/\n.{64}\n/, '\n')),
  },
  {
    what: 'authorities that are none',
    code: 'EKB_ERR_TLS_FILE',
    says: /ca\.pem cannot be used as sslCaCerts: it is no PEM/,
    flags: ['--ssl-certfile', 'cert.pem', '--ssl-keyfile', 'key.pem', '--ssl-ca-certs', 'ca.pem'],
    prepare: ({ file }) => writeFile(file('ca.pem'), 'hello'),
  },
  {
    what: 'an encrypted key without its password',
    code: 'EKB_ERR_TLS_PASSWORD',
    says: /is encrypted, and its password was not given[\s\S]*EKIBEN_SSL_KEYFILE_PASSWORD/,
    prepare: ({ file, issued }) => writeFile(file('key.pem'), encryptKey(issued.key, 'right')),
  },
  {
    what: 'a wrong password',
    code: 'EKB_ERR_TLS_PASSWORD',
    isOfAll: true,
    says: /cannot be decrypted: its password is another/,
    env: { EKIBEN_SSL_KEYFILE_PASSWORD: 'wrong' },
    prepare: ({ file, issued }) => writeFile(file('key.pem'), encryptKey(issued.key, 'right')),
  },
  {
    what: 'the key of another certificate',
    code: 'EKB_ERR_TLS_PAIR',
    isOfAll: true,
    says: /key\.pem is not that of the first certificate in .*cert\.pem/,
    prepare: ({ file }) => writeFile(file('key.pem'), makeAuthority().key),
  },
  {
    what: 'a chain in the wrong order',
    code: 'EKB_ERR_TLS_PAIR',
    says: /It is that of another certificate in the file/,
    prepare: ({ file, authority, issued }) => writeFile(file('cert.pem'), authority.cert + issued.cert),
  },
  {
    what: 'an expired certificate',
    code: 'EKB_ERR_TLS_EXPIRED',
    isOfAll: true,
    says: /The certificate of CN=too late in .*cert\.pem expired on 20\d\d-/,
    prepare: (project) => reissue(project, 'too late', { to: new Date(Date.now() - 3_600_000) }),
  },
  {
    what: 'an expired certificate between it and its authority',
    code: 'EKB_ERR_TLS_EXPIRED',
    says: /CN=an old authority/,
    prepare: ({ file, issued }) => {
      const { cert } = makeAuthority('an old authority', { to: new Date(Date.now() - DAY_MS / 2) })
      return writeFile(file('cert.pem'), issued.cert + cert)
    },
  },
  {
    what: 'a certificate that is not valid yet',
    code: 'EKB_ERR_TLS_NOT_YET_VALID',
    says: /The certificate of CN=too early in .*cert\.pem is not valid before 20\d\d-/,
    prepare: (project) => reissue(project, 'too early', { from: new Date(Date.now() + DAY_MS) }),
  },
  {
    what: 'ciphers that nobody knows',
    code: 'EKB_ERR_TLS_REFUSED',
    says: /no cipher suite is known of sslCiphers 'SECRET-INK'/,
    flags: ['--ssl-certfile', 'cert.pem', '--ssl-keyfile', 'key.pem', '--ssl-ciphers', 'SECRET-INK'],
  },
  {
    what: 'ciphers of versions that are not spoken',
    code: 'EKB_ERR_TLS_REFUSED',
    says: /sslCiphers 'HIGH:!aNULL' names no suite of TLS 1\.3 \(TLS_…\), and sslMinVersion lets no other version be/,
    flags: [
      ...['--ssl-certfile', 'cert.pem', '--ssl-keyfile', 'key.pem'],
      ...['--ssl-ciphers', 'HIGH:!aNULL', '--ssl-min-version', 'TLSv1.3'],
    ],
  },
  {
    what: 'a version of TLS that is none',
    code: 'EKB_ERR_CONFIG_INVALID',
    says: /'sslMinVersion' \(flag --ssl-min-version\) is 'TLSv1'; expected one of TLSv1\.2, TLSv1\.3/,
    flags: ['--ssl-certfile', 'cert.pem', '--ssl-keyfile', 'key.pem', '--ssl-min-version', 'TLSv1'],
  },
  {
    what: 'a password that is none, without repeating it',
    code: 'EKB_ERR_CONFIG_INVALID',
    says: /'sslKeyfilePassword' \(file ekiben\.config\.json\) is not one that can be used; expected a text/,
    prepare: ({ file }) => writeFile(file('ekiben.config.json'), '{ "sslKeyfilePassword": 271828 }'),
  },
  {
    what: 'a password on the command line, without repeating it',
    code: 'EKB_ERR_CONFIG_SECRET',
    says: /'sslKeyfilePassword' is a secret, and is not taken from there \(flag --set\)[\s\S]*EKIBEN_SSL_KEYFILE_PASSWORD/,
    flags: ['--ssl-certfile', 'cert.pem', '--ssl-keyfile', 'key.pem', '--set', 'sslKeyfilePassword=271828'],
  },
  {
    what: 'a password in a variable that workers inherit',
    code: 'EKB_ERR_CONFIG_SECRET',
    says: /'sslKeyfilePassword' is a secret, and is not taken from there \(variable EKIBEN_SET\)/,
    env: { EKIBEN_SET: 'sslKeyfilePassword=271828' },
  },
]

/** Runs it where the socket is taken: whoever came as far as that would say so. */
async function failAt(
  project: TlsProject,
  args: readonly string[],
  { env = {}, prepare, under = [] }: Pick<Case, 'env' | 'prepare' | 'under'>,
): Promise<NodeExit> {
  await prepare?.(project)
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const address = { EKIBEN_HOST: '127.0.0.1', EKIBEN_PORT: String(port) }
  const variables = { ...address, EKIBEN_LOG_FORMAT: 'json', NODE_ENV: undefined, ...env }
  return runNodeToEnd(args, { cwd: project.path, env: variables, under }).finally(() => taken.close())
}

describe('what is wrong with TLS', () => {
  for (const { what, code, says, flags, skip = false, ...how } of CASES) {
    it(`is told before the socket is bound: ${what}`, { skip }, async () => {
      await using project = await tlsProject()
      const exit = await failAt(project, [EKIBEN, 'serve', 'service:Greeter', ...(flags ?? project.flags)], how)
      assert.equal(exit.code, 2, exit.stderr)
      assert.match(exit.stderr, new RegExp(code))
      assert.match(exit.stderr, says)
      assert.doesNotMatch(exit.stderr, /271828|wrong'/)
    })
  }

  for (const [way, { args, NODE_ENV, exitCode }] of Object.entries(WAYS)) {
    for (const { what, code, says, skip = false, env, ...how } of CASES.filter(({ isOfAll }) => isOfAll)) {
      it(`is told by ${way} before anything is run: ${what}`, { skip }, async () => {
        await using project = await tlsProject(FILES)
        const exit = await failAt(project, args, { ...how, env: { NODE_ENV, ...env } })
        assert.equal(exit.code, exitCode, exit.stderr)
        assert.match(exit.stderr, new RegExp(code))
        assert.match(exit.stderr, says)
        assert.doesNotMatch(exit.stdout, new RegExp(RUN))
      })
    }
  }

  it('rejects what is started from code', async () => {
    await using project = await tlsProject()
    await writeFile(project.file('key.pem'), makeAuthority().key)
    const started = serveHttpProduction({
      identifier: 'service:Greeter',
      workingDir: project.path,
      port: 0,
      sslCertfile: project.file('cert.pem'),
      sslKeyfile: project.file('key.pem'),
    })
    await assert.rejects(started, { code: 'EKB_ERR_TLS_PAIR' })
  })

  it('is told by a dry run', async () => {
    await using project = await tlsProject()
    await writeFile(project.file('key.pem'), makeAuthority().key)
    const args = [EKIBEN, 'serve', 'service:Greeter', '--dry-run', ...project.flags]
    const exit = await runNodeToEnd(args, { cwd: project.path })
    assert.equal(exit.code, 2)
    assert.match(exit.stderr, /EKB_ERR_TLS_PAIR/)
  })
})
