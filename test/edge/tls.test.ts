import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, open, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { encryptKey, makeAuthority } from '../helpers/certificates.js'
import { shownBy } from '../helpers/control-socket.js'
import { parseMetrics, total } from '../helpers/read-metrics.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { callSecurely, type TlsProject, tlsProject } from '../helpers/tls-project.js'
import { waitUntil } from '../helpers/wait-until.js'

const run = promisify(execFile)

const QUIET = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--no-access-log']

function serve(
  project: TlsProject,
  flags: readonly string[] = project.flags,
  env: Readonly<Record<string, string>> = {},
): Promise<ServingCommand> {
  return startServing([EKIBEN, 'serve', 'service:Greeter', ...QUIET, ...flags], { cwd: project.path, env })
}

/** The words with which a connection is refused. */
async function refusal(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason as NodeJS.ErrnoException,
  )
  assert.ok(error !== undefined, 'it was answered')
  return error.message
}

/** Sends plain HTTP and waits until the connection is closed; resolves with what came back. */
async function askPlainly(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await once(socket, 'close')
  return received
}

/** What is said in a handshake by either side, as OpenSSL traces it: to a file, for of a pipe Node may leave the end out. */
async function handshake(url: string, file: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const to = `{ host: '${hostname}', port: ${port}, rejectUnauthorized: false }`
  const program = `const socket = require('node:tls').connect(${to}, () => socket.end()).resume()`
  await run('sh', ['-c', 'exec "$0" --trace-tls -e "$1" 2> "$2"', process.execPath, program, file])
  const trace = await readFile(file, 'utf8')
  assert.match(trace, /ServerHello[\s\S]*Certificate,/)
  return trace
}

describe('a service served by HTTPS', () => {
  it('says so in its address, answers apis and probes, and knows its clients', async () => {
    await using project = await tlsProject()
    await using server = await serve(project)
    const ca = project.authority.cert
    assert.match(server.url, /^https:\/\/127\.0\.0\.1:\d+$/)
    const answer = await callSecurely(`${server.url}/who`, { ca })
    assert.equal(answer.status, 200)
    assert.equal(answer.protocol, 'TLSv1.3')
    assert.equal((JSON.parse(answer.body) as { remoteAddress: string }).remoteAddress, '127.0.0.1')
    assert.equal((await callSecurely(`${server.url}/livez`, { ca, method: 'GET' })).status, 200)
    assert.equal((await shownBy(server))[0]?.url, server.url)
    assert.equal(await server.stop(), 0)
  })

  it('is called by the command of ours where its authority is known', async () => {
    await using project = await tlsProject()
    await using server = await serve(project)
    const args = [EKIBEN, 'call', server.url, 'who']
    const known = await runNodeToEnd(args, { env: { NODE_EXTRA_CA_CERTS: project.file('ca.pem') } })
    assert.equal(known.code, 0, known.stderr)
    assert.match(known.stdout, /"remoteAddress"/)
    assert.notEqual((await runNodeToEnd(args)).code, 0)
  })

  it('takes the password of its key from the environment or the configuration, and hands it to no worker', async () => {
    await using project = await tlsProject()
    await writeFile(project.file('key.pem'), encryptKey(project.issued.key, 'open sesame'))
    const ca = project.authority.cert
    {
      await using server = await serve(project, project.flags, { EKIBEN_SSL_KEYFILE_PASSWORD: 'open sesame' })
      assert.doesNotMatch(server.stdout(), /EKB_WRN_TLS_PASSWORD_UNUSED/)
      const { body } = await callSecurely(`${server.url}/variables`, { ca })
      const names = JSON.parse(body) as string[]
      assert.ok(names.includes('PATH'))
      assert.ok(!names.includes('EKIBEN_SSL_KEYFILE_PASSWORD'))
    }
    const config = { sslCertfile: 'cert.pem', sslKeyfile: 'key.pem', sslKeyfilePassword: 'open sesame' }
    await writeFile(project.file('ekiben.config.json'), JSON.stringify(config))
    await using server = await serve(project, [])
    assert.equal((await callSecurely(`${server.url}/who`, { ca })).status, 200)
    const dry = [EKIBEN, 'serve', 'service:Greeter', '--dry-run', '--explain']
    const { stdout } = await runNodeToEnd(dry, { cwd: project.path })
    assert.doesNotMatch(stdout, /sesame/)
    const plan = JSON.parse(stdout) as { tls: object; settings: { sslKeyfilePassword: object } }
    assert.deepEqual(plan.tls, {
      certfile: project.file('cert.pem'),
      keyfile: project.file('key.pem'),
      clientCert: 'required',
      minVersion: 'TLSv1.2',
    })
    assert.deepEqual(plan.settings.sslKeyfilePassword, { value: '[redacted]', source: 'file ekiben.config.json' })
  })

  it('takes a key that is being renewed, whose place is empty once it has been read', async () => {
    await using project = await tlsProject()
    const key = project.file('key.pem')
    await rm(key)
    execFileSync('mkfifo', [key])
    const args = [EKIBEN, 'serve', 'service:Greeter', '--dry-run', ...project.flags]
    const ended = runNodeToEnd(args, { cwd: project.path })
    // Once it reads.
    const pipe = await open(key, 'w')
    await rm(key)
    await pipe.writeFile(project.issued.key)
    await pipe.close()
    const { code, stderr } = await ended
    assert.equal(code, 0, stderr)
  })

  it('speaks no version below the least, and no cipher but those named', async () => {
    await using project = await tlsProject()
    const cipher = 'ECDHE-ECDSA-AES256-GCM-SHA384'
    await using server = await serve(project, [...project.flags, '--ssl-ciphers', `${cipher}:TLS_AES_128_GCM_SHA256`])
    const ca = project.authority.cert
    assert.equal((await callSecurely(`${server.url}/who`, { ca })).cipher, 'TLS_AES_128_GCM_SHA256')
    const answer = await callSecurely(`${server.url}/who`, { ca, maxVersion: 'TLSv1.2' })
    assert.equal(answer.cipher, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384')
    const others = { ca, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' } as const
    assert.match(await refusal(callSecurely(`${server.url}/who`, others)), /handshake failure/)

    await using newer = await serve(project, [...project.flags, '--ssl-min-version', 'TLSv1.3', '--instance', 'newer'])
    assert.equal((await callSecurely(`${newer.url}/who`, { ca })).protocol, 'TLSv1.3')
    assert.match(await refusal(callSecurely(`${newer.url}/who`, { ca, maxVersion: 'TLSv1.2' })), /protocol version/)
  })

  it('closes what is no TLS, counts it, and logs one of many', async () => {
    await using project = await tlsProject()
    await using server = await serve(project)
    const port = Number(new URL(server.url).port)
    for (let time = 0; time < 20; time++) assert.equal(await askPlainly(port), '')
    const ca = project.authority.cert
    const failures = async () => {
      const { body } = await callSecurely(`${server.url}/metrics`, { ca, method: 'GET' })
      return total(parseMetrics(body), 'ekiben_tls_handshake_failures_total', {
        service: 'Greeter',
        reason: 'plain-http',
      })
    }
    // What a worker has counted that does not answer in time is told at the next question.
    await waitUntil(async () => assert.equal(await failures(), 20) ?? true)
    assert.equal((await callSecurely(`${server.url}/who`, { ca })).status, 200)
    const logged = () => logLines(server.stdout()).filter(({ msg }) => msg === 'TLS handshake failed')
    await waitUntil(() => logged().length > 0, { describe: server.stdout })
    const lines = logged()
    assert.equal(lines.length, 1, server.stdout())
    assert.equal(lines[0]?.reason, 'plain-http')
    assert.equal(lines[0]?.remoteAddress, '127.0.0.1')
  })

  it('warns of a key that everybody may read or that needs no password, and of a certificate that expires soon', async () => {
    await using project = await tlsProject()
    const to = new Date(Date.now() + 5.5 * 86_400_000)
    const short = project.authority.issue('short-lived', { to })
    await writeFile(project.file('cert.pem'), short.cert)
    await writeFile(project.file('key.pem'), short.key)
    await chmod(project.file('key.pem'), 0o644)
    await using server = await serve(project, project.flags, { EKIBEN_SSL_KEYFILE_PASSWORD: 'open sesame' })
    const warned = (code: string) => String(logLines(server.stdout()).find((line) => line.code === code)?.msg)
    assert.match(warned('EKB_WRN_TLS_EXPIRES_SOON'), /short-lived .* in 5 days/)
    assert.match(warned('EKB_WRN_TLS_KEY_READABLE'), /mode 644/)
    assert.match(warned('EKB_WRN_TLS_PASSWORD_UNUSED'), /key\.pem is not encrypted: .*sslKeyfilePassword.* no effect/)
    assert.doesNotMatch(server.stdout(), /sesame/)
  })
})

describe('clients that have to show a certificate', () => {
  it('are refused without one, or with one of somebody else', async () => {
    await using project = await tlsProject()
    await using server = await serve(project, [...project.flags, '--ssl-ca-certs', 'ca.pem'])
    const ca = project.authority.cert
    const shown = project.authority.issue('a client')
    const target = `${server.url}/who`
    assert.equal((await callSecurely(target, { ca, ...shown })).status, 200)
    await refusal(callSecurely(target, { ca }))
    await refusal(callSecurely(target, { ca, ...makeAuthority('Somebody Else').issue('a client') }))
    await waitUntil(
      async () => {
        const { body } = await callSecurely(`${server.url}/metrics`, { ca, ...shown, method: 'GET' })
        const labels = { service: 'Greeter', reason: 'client-certificate' }
        return total(parseMetrics(body), 'ekiben_tls_handshake_failures_total', labels) === 2
      },
      { describe: 'the refused ones to be counted' },
    )
  })

  it('may do without where that is said, or show one of somebody else, and are asked', async () => {
    await using project = await tlsProject()
    const flags = [...project.flags, '--ssl-ca-certs', 'ca.pem', '--ssl-client-cert', 'optional']
    await using server = await serve(project, flags)
    const ca = project.authority.cert
    const strange = makeAuthority('Somebody Else').issue('a client')
    for (const shown of [{}, project.authority.issue('a client'), strange])
      assert.equal((await callSecurely(`${server.url}/who`, { ca, ...shown })).status, 200)
    assert.match(await handshake(server.url, project.file('trace')), /CertificateRequest/)

    await using open = await serve(project, [...project.flags, '--instance', 'open'])
    assert.doesNotMatch(await handshake(open.url, project.file('trace')), /CertificateRequest/)
  })
})
