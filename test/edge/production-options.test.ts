/** Options in production: each acts in whatever way it is given, by flags, by variables, in code and in the file. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { describe, it } from 'node:test'
import { OPTION_TAKERS, type OptionTaker } from '../../packages/core/src/config/options.js'
import { whyNotAsOthers } from '../helpers/act-as-others.js'
import { askSocket, shownBy } from '../helpers/control-socket.js'
import {
  IDS,
  IN_FILE,
  isService,
  type ProductionFacts,
  type StartedInProduction,
  startInProduction,
} from '../helpers/production-ways.js'
import type { NodeExit } from '../helpers/run-node.js'
import { logLines } from '../helpers/serve-fixture.js'
import { backlogOf } from '../helpers/socket-facts.js'
import { callSecurely, type SecureAnswer, type TlsProject } from '../helpers/tls-project.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Started extends StartedInProduction {
  readonly taker: OptionTaker
}

for (const taker of OPTION_TAKERS) {
  describe(`options of ${taker} in production`, () => {
    it('act, whatever NODE_ENV says', async (t) => {
      const why = whyNotAsOthers()
      if (why !== undefined) t.diagnostic(`without --user and --group: ${why}`)
      const [user, group] = IDS
      await using started = await startInProduction(taker, why === undefined ? { user, group } : {})
      const way = { ...started, taker }
      await checkEncryption(way)
      await checkConnection(way, t.diagnostic.bind(t))
      await checkWorkers(way, why === undefined ? IDS : [process.getuid?.(), process.getgid?.()])
      await checkSurroundings(way)
      await checkReload(way)
      await checkStop(way)
    })

    // Of the commands in test/apps/app-options.test.ts.
    if (taker === 'serveHttpProduction' || taker === 'bootstrapProduction')
      it('write lines for people, under the name alone', async () => {
        const urlOf = (line: string) => /ready.*(https:\/\/[\d.]+:\d+)/.exec(line)?.[1]
        await using started = await startInProduction(taker, { logFormat: 'pretty', instance: undefined }, urlOf)
        const { run } = started
        assert.ok(logLines(run.stdout()).every(({ msg }) => msg === undefined))
        assert.deepEqual(
          (await shownBy(run)).map(({ instance }) => instance),
          ['shop'],
        )
        assert.equal(await run.stop(), 0)
      })

    it('have no debugger', async () => {
      await assert.rejects(startInProduction(taker, { inspect: true }), /A debugger attaches in development mode alone/)
    })
  })
}

const targetOf = ({ taker, run }: Started, route: string): string =>
  `${run.url}/${isService(taker) ? `ml/${route}` : route}`
const identity = ({ authority, issued }: TlsProject) => ({ ca: authority.cert, cert: issued.cert, key: issued.key })

function ask(way: Started, options: object = {}): Promise<SecureAnswer> {
  return callSecurely(targetOf(way, 'who'), { ...identity(way.project), ...options })
}

async function factsOf(way: Started, options: object = {}): Promise<ProductionFacts> {
  const { status, body } = await ask(way, options)
  assert.equal(status, 200, body)
  return JSON.parse(body) as ProductionFacts
}

async function checkEncryption(way: Started): Promise<void> {
  const { cipher, protocol } = await ask(way)
  assert.deepEqual([cipher, protocol], ['TLS_AES_128_GCM_SHA256', 'TLSv1.3'])
  await assert.rejects(ask(way, { maxVersion: 'TLSv1.2' }), /protocol version/)
  await assert.rejects(ask(way, { ciphers: 'TLS_AES_256_GCM_SHA384' }), /handshake failure/)
  await assert.rejects(ask(way, { cert: undefined, key: undefined }))
}

async function checkConnection(way: Started, say: (text: string) => void): Promise<void> {
  const { url } = way.run
  const { hostname, port } = new URL(url)
  assert.equal(hostname, '127.0.0.1')
  assert.notEqual(port, '3000')
  const backlog = await backlogOf(Number(port))
  if (backlog === undefined) say('ss is not installed: the backlog was not looked at')
  else assert.equal(backlog, 17)
  const agent = new Agent({ ...identity(way.project), keepAlive: true })
  const { headers, body } = await ask(way, { agent, headers: { 'x-forwarded-for': '203.0.113.9' } })
  agent.destroy()
  assert.equal(headers['keep-alive'], 'timeout=7')
  if (!isService(way.taker)) return
  assert.equal((JSON.parse(body) as ProductionFacts).remoteAddress, '203.0.113.9')
  const statusOf = async (path: string, method = 'GET') =>
    (await callSecurely(`${url}/${path}`, { ...identity(way.project), method })).status
  assert.deepEqual([await statusOf('livez'), await statusOf('schema.json'), await statusOf('metrics')], [200, 404, 404])
  assert.equal(await statusOf('ml/slow', 'POST'), 504)
}

async function checkWorkers(way: Started, ids: readonly (number | undefined)[]): Promise<void> {
  const { pid, ...facts } = await factsOf(way)
  assert.notEqual(pid, way.run.pid)
  const { version, cwd, hidden, mode, said } = facts
  const starting = logLines(way.run.stdout()).find(({ msg }) => msg === 'starting')
  if (way.taker === 'bootstrapProduction')
    assert.deepEqual([starting?.mode, starting?.why], ['supervised', 'options in code'])
  assert.deepEqual([version, cwd, hidden, said], [1, way.project.path, null, 'yes'])
  assert.equal(mode, 'development')
  assert.deepEqual(facts.ids, ids)
}

async function checkSurroundings({ run, project: { file }, taker }: Started): Promise<void> {
  assert.equal(Number(await readFile(file('pid'), 'utf8')), run.pid)
  assert.equal((await askSocket(file('admin'), '/readyz')).status, 200)
  const { instance, services } = JSON.parse((await askSocket(file('admin'), '/status')).body)
  assert.equal(instance, 'shop-a')
  const targets = services.map(({ name, target }: { name: string; target: number }) => [name, target])
  assert.deepEqual(
    targets,
    isService(taker)
      ? [
          ['Helper', 2],
          ['Greeter', 2],
        ]
      : [['shop', 2]],
  )
  const lines = logLines(run.stdout())
  assert.ok(lines.some(({ level }) => level === 'debug'))
  assert.ok(lines.some((line) => line.instance === 'shop-a'))
  assert.ok(lines.every(({ msg }) => msg !== 'request'))
}

/** A saved file is followed by new workers, which take the file of configuration as it is then. */
async function checkReload(way: Started): Promise<void> {
  const { file, authority } = way.project
  await writeFile(file('other.json'), JSON.stringify({ ...IN_FILE, sslClientCert: 'optional' }))
  await writeFile(file('version.mjs'), 'export const version = 2')
  await waitUntil(
    async () => {
      const answer = await callSecurely(targetOf(way, 'who'), { ca: authority.cert }).catch(() => undefined)
      return answer !== undefined && (JSON.parse(answer.body) as ProductionFacts).version === 2
    },
    { timeoutMs: 60_000, describe: () => `version 2, for whoever shows no certificate:\n${way.run.stdout()}` },
  )
}

/** It cuts what is not answered within the moment that it has, and leaves nothing behind. */
async function checkStop(way: Started): Promise<void> {
  const { run, project } = way
  const asked = () => logLines(run.stdout()).filter((line) => line.asked).length
  const before = asked()
  const cut = callSecurely(targetOf(way, 'slow'), identity(project)).then(
    ({ status }) => status,
    () => 'cut',
  )
  await waitUntil(() => asked() > before, { describe: run.stdout })
  const exit: { of?: NodeExit } = {}
  void run.exited.then((of) => Object.assign(exit, { of }))
  run.kill('SIGTERM')
  // Left alone it would be 20 seconds.
  const { code } = await waitUntil(() => exit.of, { timeoutMs: 12_000, describe: run.stdout })
  assert.deepEqual([code, await cut], [7, 'cut'], run.stdout())
  for (const name of ['pid', 'admin']) assert.ok(!existsSync(project.file(name)))
}
