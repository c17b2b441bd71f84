import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import type { Agent } from 'node:https'
import { describe, it } from 'node:test'
import { type Server, serveHttpProduction } from '@ekiben/core/serving'
import { encryptKey, makeAuthority } from '../helpers/certificates.js'
import { EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { answeredMore, tlsLoad } from '../helpers/tls-load.js'
import {
  callSecurely,
  renew,
  resumingClient,
  type SecureAnswer,
  shownName,
  type TlsProject,
  tlsProject,
} from '../helpers/tls-project.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Who {
  readonly pid: number
  readonly generation: string
}

function serve(project: TlsProject, options: object = {}): Promise<Server> {
  return serveHttpProduction({
    identifier: 'service:Greeter',
    workingDir: project.path,
    port: 0,
    host: '127.0.0.1',
    logLevel: 'silent',
    apiWorkers: 2,
    supervision: { minReadyMs: 50 },
    sslCertfile: project.file('cert.pem'),
    sslKeyfile: project.file('key.pem'),
    ...options,
  })
}

async function who({ url }: Server, agent: Agent): Promise<Who & Pick<SecureAnswer, 'isResumed'>> {
  const { status, body, isResumed } = await callSecurely(`${url}/who`, { agent })
  assert.equal(status, 200, body)
  return { ...(JSON.parse(body) as Who), isResumed }
}

describe('sessions of TLS', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`are gone on with by any worker, also after a crash and a reload (${version})`, async () => {
      await using project = await tlsProject()
      await using server = await serve(project)
      const agent = resumingClient(project, { minVersion: version, maxVersion: version })
      const first = await who(server, agent)
      assert.equal(first.isResumed, false)
      await waitUntil(
        async () => {
          const next = await who(server, agent)
          assert.equal(next.isResumed, true)
          return next.pid !== first.pid
        },
        { describe: 'an answer of the other worker' },
      )
      const before = new Set(server.status().services[0]?.workers.map(({ pid }) => pid))
      for (const pid of before) process.kill(pid as number, 'SIGKILL')
      const replaced = await who(server, agent)
      assert.equal(replaced.isResumed, true)
      assert.ok(!before.has(replaced.pid))
      await renew(project, 'renewed')
      await server.reload()
      const reloaded = await who(server, agent)
      assert.deepEqual([reloaded.isResumed, reloaded.generation], [true, '2'])
    })
  }

  it('are not gone on with where clients have to be others than they were', async () => {
    await using project = await tlsProject()
    await using server = await serve(project, { sslCaCerts: project.file('ca.pem') })
    const agent = resumingClient(project, project.authority.issue('a client'))
    assert.equal((await who(server, agent)).isResumed, false)
    assert.equal((await who(server, agent)).isResumed, true)
    const others = makeAuthority('Another CA')
    await writeFile(project.file('ca.pem'), others.cert)
    await server.reload()
    await assert.rejects(who(server, agent))
    assert.equal((await who(server, resumingClient(project, others.issue('a client')))).isResumed, false)
  })
})

describe('a reload with a renewed certificate', () => {
  it('loses no request of any client, and shows it from then on', async () => {
    await using project = await tlsProject()
    await using server = await serve(project)
    const ca = project.authority.cert
    const workers = () => server.status().services[0]?.workers ?? []
    await using load = tlsLoad(`${server.url}/who`, ca)
    await answeredMore(load)
    for (const [generation, name] of [
      [2, 'second'],
      [3, 'third'],
    ] as const) {
      await renew(project, name)
      await server.reload()
      // Told with an answer to connect anew, no client holds an old worker.
      await waitUntil(() => workers().every((worker) => worker.generation === generation), {
        timeoutMs: 30_000,
        describe: () => JSON.stringify(workers()),
      })
      await answeredMore(load)
      assert.equal(await shownName(server, ca), name)
    }
    assert.deepEqual(await load.stop(), [])
  })

  it('is refused where something is wrong with it, and the old one serves on', async () => {
    await using project = await tlsProject()
    await using server = await serve(project)
    const ca = project.authority.cert
    await writeFile(project.file('key.pem'), makeAuthority().key)
    await assert.rejects(server.reload(), (error: Error & { code?: string; cause?: { code?: string } }) => {
      assert.equal(error.code, 'EKB_ERR_RELOAD_REFUSED')
      assert.match(error.message, /key\.pem is not that of the first certificate/)
      assert.equal(error.cause?.code, 'EKB_ERR_TLS_PAIR')
      return true
    })
    assert.equal(server.status().lastReload?.result, 'refused')
    const [worker] = server.status().services[0]?.workers ?? []
    process.kill(worker?.pid as number, 'SIGKILL')
    const workers = () => server.status().services[0]?.workers ?? []
    await waitUntil(() => workers().every(({ pid, state }) => pid !== worker?.pid && state === 'ready'), {
      describe: () => JSON.stringify(workers()),
    })
    assert.equal(await shownName(server, ca), 'localhost')
    await renew(project, 'mended')
    await server.reload()
    assert.equal(await shownName(server, ca), 'mended')
  })

  it('takes a password and versions as they are now set, and reports paths that have changed', async () => {
    const config = { sslCertfile: 'cert.pem', sslKeyfile: 'key.pem', supervision: { minReadyMs: 50 } }
    await using project = await tlsProject({ 'ekiben.config.json': config, 'other.pem': 'not looked at' })
    const flags = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
    await using run = await startServing([EKIBEN, 'serve', 'service:Greeter', ...flags], { cwd: project.path })
    const ca = project.authority.cert
    const old = await callSecurely(`${run.url}/who`, { ca, maxVersion: 'TLSv1.2' })
    assert.equal(old.protocol, 'TLSv1.2')
    await writeFile(project.file('key.pem'), encryptKey(project.issued.key, 'a new one'))
    const changed = { sslCertfile: 'other.pem', sslKeyfilePassword: 'a new one', sslMinVersion: 'TLSv1.3' }
    await writeFile(project.file('ekiben.config.json'), JSON.stringify({ ...config, ...changed }))
    run.kill('SIGHUP')
    const lines = () => logLines(run.stdout())
    await waitUntil(() => lines().some(({ msg }) => msg === 'reloaded'), { describe: run.stdout })
    assert.deepEqual(lines().find((line) => line.changed !== undefined)?.changed, ['sslCertfile'])
    assert.equal((await callSecurely(`${run.url}/who`, { ca })).protocol, 'TLSv1.3')
    await assert.rejects(callSecurely(`${run.url}/who`, { ca, maxVersion: 'TLSv1.2' }))
  })
})
