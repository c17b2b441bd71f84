/** TLS where the workers are threads: one key for the tickets of all, one certificate, renewed while clients are served. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { Agent } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { connect } from 'node:tls'
import { parseMetrics, total } from '../helpers/read-metrics.js'
import { EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { tlsLoad } from '../helpers/tls-load.js'
import { callSecurely, type SecureAnswer, type TlsProject, tlsProject } from '../helpers/tls-project.js'
import { waitUntil } from '../helpers/wait-until.js'

const SERVICE = `
import { threadId } from 'node:worker_threads'
import { defineService } from '@ekiben/core'
export const Greeter = defineService(class Greeter {
  async who(_, ctx) {
    return { pid: process.pid, threadId, slot: ctx.slot, generation: process.env.EKIBEN_GENERATION }
  }
}, { apis: { who: {} } })
`

interface Who {
  readonly pid: number
  readonly threadId: number
  readonly slot: number
}

const project = (): Promise<TlsProject> => tlsProject({ 'service.mjs': SERVICE })

function serve({ path, flags }: TlsProject): Promise<ServingCommand> {
  const quiet = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--no-access-log']
  const args = ['serve', 'service:Greeter', '--threaded', '--api-workers', '2', '--set', 'minReadyMs=50']
  // Connections that rest are left open for longer than a client may stand still that is about to ask on one.
  const patient = ['--set', 'keepAliveDrainMs=10000']
  return startServing([EKIBEN, ...args, ...patient, ...quiet, ...flags], { cwd: path })
}

async function who(url: string, agent: Agent): Promise<Who & Pick<SecureAnswer, 'isResumed'>> {
  const { status, body, isResumed } = await callSecurely(`${url}/who`, { agent })
  assert.equal(status, 200, body)
  return { ...(JSON.parse(body) as Who), isResumed }
}

/** POSTs over HTTP/2, on a session of its own. */
async function whoByHttp2({ url }: ServingCommand, ca: string): Promise<Who> {
  const session = connectHttp2(url, { ca })
  try {
    const stream = session.request({ ':method': 'POST', ':path': '/who', 'content-type': 'application/json' })
    stream.end('{}')
    const [headers] = (await once(stream, 'response')) as [{ ':status': number }]
    const body = await text(stream)
    assert.equal(headers[':status'], 200, body)
    return JSON.parse(body) as Who
  } finally {
    session.close()
  }
}

/** The name in the certificate that a new client is shown. */
async function shownName({ url }: ServingCommand, ca: string): Promise<string> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', servername: 'localhost', ca })
  await once(socket, 'secureConnect')
  const name = socket.getPeerCertificate().subject.CN as string
  socket.destroy()
  return name
}

/** Asks until both threads have answered. */
async function bothThreads(ask: () => Promise<Who>): Promise<readonly Who[]> {
  const seen = new Map<number, Who>()
  await waitUntil(
    async () => {
      // At once: one after the other, they might all come to the same.
      for (const one of await Promise.all([ask(), ask(), ask(), ask()])) seen.set(one.slot, one)
      return seen.size === 2
    },
    { describe: () => `both threads to answer, not ${[...seen.keys()]}` },
  )
  return [...seen.values()]
}

function untilLogged({ stdout, stderr }: ServingCommand, msg: string): Promise<unknown> {
  return waitUntil(() => logLines(stdout()).some((line) => line.msg === msg), {
    timeoutMs: 30_000,
    describe: () => `${msg}:\n${stdout()}${stderr()}`,
  })
}

async function renew({ authority, file }: TlsProject, name: string): Promise<void> {
  const { cert, key } = authority.issue(name)
  await writeFile(file('cert.pem'), cert)
  await writeFile(file('key.pem'), key)
}

describe('HTTPS from threads', () => {
  it('speaks HTTP/1.1 and HTTP/2 in each, and counts what is none for all', async () => {
    await using made = await project()
    await using server = await serve(made)
    const ca = made.authority.cert
    const agent = new Agent({ ca, keepAlive: false })
    for (const ask of [() => who(server.url, agent), () => whoByHttp2(server, ca)]) {
      const [one, other] = await bothThreads(ask)
      assert.equal(one?.pid, other?.pid)
      assert.notEqual(one?.pid, server.pid)
      assert.ok(one?.threadId && other?.threadId && one.threadId !== other.threadId)
    }
    const plain = connectTcp(Number(new URL(server.url).port), '127.0.0.1')
    plain.end('GET / HTTP/1.1\r\n\r\n').resume()
    await once(plain, 'close')
    const labels = { service: 'Greeter', reason: 'plain-http' }
    // What a worker has counted that does not answer in time is told at the next question.
    await waitUntil(async () => {
      const { body } = await callSecurely(`${server.url}/metrics`, { ca, method: 'GET' })
      return assert.equal(total(parseMetrics(body), 'ekiben_tls_handshake_failures_total', labels), 1) ?? true
    })
    assert.equal(await server.stop(), 0)
  })

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`goes on with a session in any of them, also after their process has died, and a reload (${version})`, async () => {
      await using made = await project()
      await using server = await serve(made)
      const agent = new Agent({ ca: made.authority.cert, keepAlive: false, minVersion: version, maxVersion: version })
      const first = await who(server.url, agent)
      assert.equal(first.isResumed, false)
      const resume = async (): Promise<Who> => {
        const next = await who(server.url, agent)
        assert.equal(next.isResumed, true)
        return next
      }
      await bothThreads(resume)
      process.kill(first.pid, 'SIGKILL')
      assert.notEqual((await resume()).pid, first.pid)
      await renew(made, 'renewed')
      server.kill('SIGHUP')
      await untilLogged(server, 'reloaded')
      await resume()
      assert.equal(await server.stop(), 0)
    })
  }

  it('shows a renewed certificate after SIGHUP, and loses no request of any client', async () => {
    await using made = await project()
    await using server = await serve(made)
    const ca = made.authority.cert
    assert.equal(await shownName(server, ca), 'localhost')
    await using load = tlsLoad(`${server.url}/who`, ca)
    const answeredMore = async (): Promise<void> => {
      const before = [...load.answered]
      await waitUntil(() => load.answered.every((count, index) => count > (before[index] ?? 0) + 5), {
        timeoutMs: 30_000,
        describe: () => `answers to every client, of ${before}: ${load.answered}`,
      })
    }
    await answeredMore()
    await renew(made, 'renewed')
    server.kill('SIGHUP')
    await untilLogged(server, 'reloaded')
    await answeredMore()
    assert.equal(await shownName(server, ca), 'renewed')
    assert.deepEqual(await load.stop(), [])
    assert.equal(await server.stop(), 0)
  })
})
