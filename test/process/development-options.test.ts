/**
 * Options in development mode: each acts there as it would in production, or it is said that it does not. A file of
 * configuration may be that of both.
 */
import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { Agent } from 'node:https'
import { describe, it } from 'node:test'
import { askSocket } from '../helpers/control-socket.js'
import { greeterProject } from '../helpers/development-project.js'
import {
  BACKLOG,
  DEVELOPMENT_WAYS,
  type DevelopmentWay,
  type Facts,
  fileOf,
  hasInstance,
  SOMAXCONN,
  startInDevelopment,
} from '../helpers/development-ways.js'
import { isService } from '../helpers/production-ways.js'
import { projectFolder } from '../helpers/project-folder.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { call, EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { backlogOf } from '../helpers/socket-facts.js'
import { callSecurely, type TlsProject } from '../helpers/tls-project.js'
import { socketFolder } from '../helpers/unix-http.js'
import { waitUntil } from '../helpers/wait-until.js'

for (const [name, way] of Object.entries(DEVELOPMENT_WAYS)) {
  describe(`options of ${name}`, () => {
    it('act, or are warned of', async () => {
      await using started = await startInDevelopment(way)
      const { run, project } = started
      await checkEncryption(run, project, way)
      await checkConnection(run, project, way)
      await checkSurroundings(run, project, way)
      const warnings = logLines(run.stdout()).filter(({ code }) => code === 'EKB_ERR_CONFIG_DEVELOPMENT')
      assert.equal(warnings.length, 1, run.stdout())
      const keys = ['apiWorkers', 'threaded', 'user', 'group', ...(way.isApart ? [] : ['envAllow'])]
      const told = [...keys, 'supervision.maxRequests'].join(', ')
      const message = String(warnings[0]?.msg)
      assert.ok(message.endsWith(`: ${told} (file ${project.file(fileOf(way))})`), message)
      const cut = logLines(run.stdout()).filter(({ code }) => code === 'EKB_WRN_PLAN_BACKLOG_ABOVE_SOMAXCONN')
      assert.equal(cut.length, BACKLOG > SOMAXCONN ? 1 : 0)
      await checkStop(run, project, way)
    })
  })
}

const routeOf = ({ taker }: DevelopmentWay, route: string): string => (isService(taker) ? `ml/${route}` : route)
const identity = ({ authority, issued }: TlsProject) => ({ ca: authority.cert, cert: issued.cert, key: issued.key })

async function checkEncryption({ url }: ServingCommand, project: TlsProject, way: DevelopmentWay): Promise<void> {
  const target = `${url}/${routeOf(way, 'who')}`
  const own = identity(project)
  const { cipher, protocol } = await callSecurely(target, own)
  assert.deepEqual([cipher, protocol], ['TLS_AES_128_GCM_SHA256', 'TLSv1.3'])
  await assert.rejects(callSecurely(target, { ...own, maxVersion: 'TLSv1.2' }), /protocol version/)
  const stranger = callSecurely(target, { ca: own.ca })
  if (!way.isApart) return void (await assert.rejects(stranger))
  assert.equal((await stranger).status, 200)
  if (isService(way.taker)) return
  const known = await callSecurely(target, own)
  const authorized = [known, await stranger].map(({ body }) => (JSON.parse(body) as Facts).authorized)
  assert.deepEqual(authorized, [true, false])
}

async function checkConnection({ url, pid }: ServingCommand, project: TlsProject, way: DevelopmentWay): Promise<void> {
  const { hostname, port } = new URL(url)
  assert.equal(hostname, '127.0.0.1')
  assert.notEqual(port, '3000')
  // undefined: ss is not installed.
  assert.ok([SOMAXCONN, undefined].includes(await backlogOf(Number(port))))
  const agent = new Agent({ ...identity(project), keepAlive: true })
  const headers = { 'x-forwarded-for': '203.0.113.9' }
  const answer = await callSecurely(`${url}/${routeOf(way, 'who')}`, { agent, headers })
  agent.destroy()
  assert.equal(answer.headers['keep-alive'], 'timeout=7')
  const facts = JSON.parse(answer.body) as Facts
  assert.equal(facts.cwd, project.path)
  assert.equal(facts.pid === pid, !way.isApart)
  assert.equal(facts.hidden, way.isApart ? null : 'yes')
  if (!isService(way.taker)) return
  assert.equal(facts.remoteAddress, '203.0.113.9')
  const statusOf = async (path: string, method = 'GET') =>
    (await callSecurely(`${url}/${path}`, { ...identity(project), method })).status
  assert.deepEqual([await statusOf('livez'), await statusOf('schema.json'), await statusOf('metrics')], [200, 404, 404])
  assert.equal(await statusOf('ml/slow', 'POST'), 504)
}

async function checkSurroundings(run: ServingCommand, { file }: TlsProject, way: DevelopmentWay): Promise<void> {
  assert.equal(Number(await readFile(file('pid'), 'utf8')), run.pid)
  assert.equal((await askSocket(file('admin'), '/readyz')).status, 200)
  const shown = JSON.parse((await askSocket(file('admin'), '/status')).body)
  const instance = hasInstance(way) ? 'shop-a' : 'shop'
  const service = isService(way.taker) ? 'Greeter' : 'shop'
  assert.deepEqual([shown.instance, shown.services[0].name], [instance, service])
  // A process that is slow to tell what it has counted is not waited for.
  await waitUntil(async () => {
    const metrics = (await askSocket(file('admin'), '/metrics')).body
    assert.match(metrics, new RegExp(`^ekiben_worker_rss_bytes\\{service="${service}"`, 'm'))
    if (way.taker === 'bootstrapProduction') assert.match(metrics, /^orders 3$/m)
    if (isService(way.taker))
      assert.match(metrics, /^ekiben_requests_total\{service="Greeter",api="who",code="200"\} \d/m)
    return true
  })
  const lines = logLines(run.stdout())
  const levels = new Set(lines.map(({ level }) => level))
  if (!isService(way.taker)) assert.ok(levels.has('warn') && !levels.has('info'))
  else assert.ok(levels.has('debug') && lines.every(({ msg }) => msg !== 'request'))
  assert.ok(lines.some((line) => line.instance === instance))
}

/** It cuts what is not answered within the half second that it has, and leaves nothing behind. */
async function checkStop(run: ServingCommand, project: TlsProject, way: DevelopmentWay): Promise<void> {
  const asked = () => logLines(run.stdout()).filter((line) => line.asked).length
  const before = asked()
  const route = isService(way.taker) ? 'lasting' : 'slow'
  const cut = callSecurely(`${run.url}/${routeOf(way, route)}`, identity(project)).then(
    () => 'answered',
    () => 'cut',
  )
  await waitUntil(() => asked() > before, { describe: () => run.stdout() })
  assert.equal(await run.stop(), 7, run.stdout())
  assert.equal(await cut, 'cut')
  for (const name of ['pid', 'admin']) await assert.rejects(stat(project.file(name)), { code: 'ENOENT' })
}

const SERVE = [EKIBEN, 'serve', 'service:Greeter', '--development', '--port', '0', '--log-format', 'json']

describe('an option that is about pools of workers', () => {
  for (const flags of [[], ['--reload']]) {
    it(`is refused as a flag beside ${['--development', ...flags].join(' ')}, in a dry run too`, async () => {
      await using project = await greeterProject()
      for (const [given, shown] of [
        [
          ['--api-workers', '2', '--set', 'surge=0'],
          /apiWorkers \(flag --api-workers\); supervision\.surge \(flag --set\)/,
        ],
        [['--user', 'nobody', '--dry-run'], /user \(flag --user\)/],
      ] as const) {
        const { code, stderr } = await runNodeToEnd([...SERVE, ...flags, ...given], { cwd: project.path })
        assert.equal(code, 2, stderr)
        assert.match(stderr, /^EKB_ERR_CONFIG_DEVELOPMENT: /)
        assert.match(stderr, shown)
      }
    })
  }

  it('is refused as a flag of run --development', async () => {
    const args = [EKIBEN, 'run', 'plain.cjs', '--development', '--worker-listen', 'unix:/run/{slot}.sock']
    const { code, stderr } = await runNodeToEnd(args, { cwd: 'test/fixtures/apps' })
    assert.equal(code, 2, stderr)
    assert.match(stderr, /^EKB_ERR_CONFIG_DEVELOPMENT: .*workerListen \(flag --worker-listen\)/)
  })
})

describe('an app that is run', () => {
  it('insists on a port, and says itself when it is ready', async () => {
    const main = `
      require('node:http').createServer((_, response) => response.end('yes')).listen(4567, '127.0.0.1', () => {
        setTimeout(() => { console.log('{"said":"ready"}'); process.send('ready') }, 300)
      })`
    await using project = await projectFolder({ 'package.json': { name: 'shop' }, 'main.cjs': main })
    const args = [EKIBEN, 'run', 'main.cjs', '--development', '--port', '0', '--log-format', 'json']
    const env = { EKIBEN_APP_PORT: '4567', EKIBEN_READY: 'message' }
    await using run = await startServing(args, { cwd: project.path, env })
    assert.ok(run.stdout().indexOf('"said":"ready"') < run.stdout().indexOf('"msg":"ready"'), run.stdout())
    assert.equal(await (await fetch(run.url)).text(), 'yes')
    assert.equal(await run.stop(), 0)
  })
})

describe('a graph in one process', () => {
  it('has a part elsewhere, and is served in part', async () => {
    await using project = await greeterProject()
    await using helper = await startServing([...SERVE, '--only', 'Helper'], { cwd: project.path })
    await using greeter = await startServing([...SERVE, '--depends', `Helper=${helper.url}`], { cwd: project.path })
    const seen = (await call<{ own: number; helper: number }>(greeter.url, 'greet')).body
    assert.deepEqual([seen.own, seen.helper], [greeter.pid, helper.pid])
    assert.equal(await greeter.stop(), 0)
    assert.equal(await helper.stop(), 0)
  })

  it('is the same from code', async () => {
    const main = `
      import { serveHttpProduction } from '@ekiben/core/serving'
      const options = { identifier: 'service:Greeter', developmentMode: true, port: 0, logFormat: 'json', handleSignals: true }
      await serveHttpProduction({ ...options, ...JSON.parse(process.argv[2]) })`
    await using project = await greeterProject('standard', { 'main.mjs': main })
    const start = (part: object) => startServing(['main.mjs', JSON.stringify(part)], { cwd: project.path })
    await using helper = await start({ only: 'Helper' })
    await using greeter = await start({ depends: { Helper: helper.url } })
    const seen = (await call<{ own: number; helper: number }>(greeter.url, 'greet')).body
    assert.deepEqual([seen.own, seen.helper], [greeter.pid, helper.pid])
    assert.equal(await greeter.stop(), 0)
    assert.equal(await helper.stop(), 0)
  })

  it('is served on a Unix socket', async () => {
    await using project = await greeterProject()
    await using at = await socketFolder()
    const args = [EKIBEN, 'serve', 'service:Greeter', '--development', '--log-format', 'json']
    const uds = ['--uds', at.socket, '--uds-mode', '600']
    await using run = await startServing([...args, ...uds], { cwd: project.path })
    assert.equal((await askSocket(at.socket, '/livez')).status, 200)
    assert.equal((await stat(at.socket)).mode & 0o777, 0o600)
    assert.equal(await run.stop(), 0)
  })

  it('is shown by a dry run, without what there is none of, as an app is', async () => {
    await using project = await greeterProject()
    for (const [args, cwd] of [
      [['serve', 'service:Greeter'], project.path],
      [['run', 'plain.cjs', '--port', '4321'], 'test/fixtures/apps'],
    ] as const) {
      const shown = [EKIBEN, ...args, '--development', '--dry-run', '--explain']
      const { code, stdout, stderr } = await runNodeToEnd(shown, { cwd })
      assert.equal(code, 0, stderr)
      const { mode, services, settings } = JSON.parse(stdout)
      assert.equal(mode, 'development')
      assert.ok(services.length > 0 && services.every((service: object) => !('workers' in service)))
      assert.deepEqual(settings.developmentMode, { value: true, source: 'flag --development' })
    }
  })
})
