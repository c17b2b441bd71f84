import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectClient, createClient } from '@ekiben/core/client'
import { appProject, failApp, mainFile, startApp } from '../helpers/bootstrap-app.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { call, EKIBEN, failFixture, logLines, serveFixture } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { callOver, socketFolder } from '../helpers/unix-http.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Who {
  readonly remoteAddress: string | null
  readonly host: string
}

const PROBES = ['/livez', '/healthz', '/readyz']
const REST = ['/metrics', '/schema.json', '/docs.json', '/']

async function statuses(url: string, paths: readonly string[]): Promise<number[]> {
  return Promise.all(paths.map(async (path) => (await fetch(url + path)).status))
}

describe('--system-routes', () => {
  const CASES = [
    [undefined, 200, 200],
    ['all', 200, 200],
    ['probes', 200, 404],
    ['none', 404, 404],
  ] as const
  for (const [which, probes, rest] of CASES) {
    it(`${which ?? 'left out'}: probes answer ${probes}, the others ${rest}`, async () => {
      await using server = await serveFixture('says-who-calls', which === undefined ? [] : ['--system-routes', which])
      assert.deepEqual(
        await statuses(server.url, PROBES),
        PROBES.map(() => probes),
      )
      assert.deepEqual(
        await statuses(server.url, REST),
        REST.map(() => rest),
      )
      assert.equal((await call(server.url, 'who')).status, 200)
      assert.equal(await server.stop(), 0)
    })
  }
})

describe('--prefix', () => {
  it('is what the paths of apis begin with, in documents and for clients too; routes of our own stay', async () => {
    await using server = await serveFixture('says-who-calls', ['--prefix', 'ml/v1/'])
    assert.equal((await call(server.url, 'ml/v1/who')).status, 200)
    assert.equal((await call(server.url, 'who')).status, 404)
    assert.deepEqual(
      await statuses(server.url, [...PROBES, ...REST]),
      [...PROBES, ...REST].map(() => 200),
    )
    const { routes } = (await (await fetch(`${server.url}/schema.json`)).json()) as { routes: { route: string }[] }
    assert.deepEqual(
      routes.map(({ route }) => route),
      ['/ml/v1/who'],
    )
    const { paths } = (await (await fetch(`${server.url}/docs.json`)).json()) as { paths: object }
    assert.ok(Object.keys(paths).includes('/ml/v1/who'))
    interface Client {
      who(): Promise<Who>
    }
    // One reads the routes, the other is told where they begin.
    const clients = [await connectClient<Client>(server.url), createClient<Client>(`${server.url}/ml/v1`)]
    for (const client of clients) assert.equal((await client.who()).remoteAddress, '127.0.0.1')
    const logged = () => logLines(server.stdout()).some(({ msg, route }) => msg === 'request' && route === '/ml/v1/who')
    await waitUntil(logged, { describe: server.stdout })
    assert.equal(await server.stop(), 0)
  })

  it('is what the paths of handlers of the service begin with', async () => {
    await using server = await serveFixture('mounts:Front', ['--prefix', '/ml'])
    const answer = await fetch(`${server.url}/ml/ui/deep?name=Ada`)
    assert.equal(await answer.text(), 'Hello Ada, from the service')
    assert.equal((await fetch(`${server.url}/ui`)).status, 404)
    assert.equal(await server.stop(), 0)
  })

  it('refuses what is no path', async () => {
    for (const prefix of ['a b', '/:id', '/a//b', '/a?b']) {
      const { code, stderr } = await failFixture('says-who-calls', ['--prefix', prefix])
      assert.equal(code, 2, stderr)
      assert.match(stderr, /EKB_ERR_CONFIG_INVALID/)
    }
  })
})

describe('--trust-proxy', () => {
  const headers = {
    'content-type': 'application/json',
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-host': 'shop.example',
    'x-forwarded-proto': 'https',
  }
  const ask = async (url: string): Promise<Who> =>
    (await (await fetch(`${url}/who`, { method: 'POST', headers, body: '{}' })).json()) as Who

  it('takes the word of a proxy on its client, for apis and in the access log', async () => {
    await using server = await serveFixture('says-who-calls', ['--trust-proxy'])
    const { remoteAddress, host } = await ask(server.url)
    assert.deepEqual([remoteAddress, host], ['203.0.113.7', 'shop.example'])
    const line = await waitUntil(() => logLines(server.stdout()).find(({ msg }) => msg === 'request'))
    assert.deepEqual([line.remoteAddress, line.host, line.protocol], ['203.0.113.7', 'shop.example', 'https'])
    assert.equal(await server.stop(), 0)
  })

  it('is off unless it is asked for', async () => {
    await using server = await serveFixture('says-who-calls')
    const { remoteAddress, host } = await ask(server.url)
    assert.deepEqual([remoteAddress, host], ['127.0.0.1', new URL(server.url).host])
    const line = await waitUntil(() => logLines(server.stdout()).find(({ msg }) => msg === 'request'))
    assert.ok(!('remoteAddress' in line))
    assert.equal(await server.stop(), 0)
  })

  for (const [list, expected] of [
    ['loopback', '203.0.113.7'],
    ['10.0.0.0/8,127.0.0.1', '203.0.113.7'],
    ['10.0.0.0/8', '127.0.0.1'],
  ] as const) {
    it(`takes that of ${list} alone, given in another place`, async () => {
      await using server = await serveFixture('says-who-calls', ['--set', `trustProxy=${list}`])
      assert.equal((await ask(server.url)).remoteAddress, expected)
      assert.equal(await server.stop(), 0)
    })
  }

  it('tells clients of a Unix socket apart', async () => {
    await using at = await socketFolder()
    const serve = [EKIBEN, 'serve', 'says-who-calls', '--uds', at.socket, '--trust-proxy', '--log-format', 'json']
    await using server = await startServing(serve, { cwd: 'test/fixtures/services' })
    const { body } = await callOver<Who>(at.socket, 'who', { headers })
    assert.deepEqual([body.remoteAddress, body.host], ['203.0.113.7', 'shop.example'])
    assert.equal((await callOver<Who>(at.socket, 'who')).body.remoteAddress, null)
    assert.equal(await server.stop(), 0)
  })

  it('refuses what is no network', async () => {
    const { code, stderr } = await failFixture('says-who-calls', ['--set', 'trustProxy=proxy.local'])
    assert.equal(code, 2, stderr)
    assert.match(stderr, /EKB_ERR_CONFIG_INVALID/)
  })
})

describe('an option that has no use where it is given', () => {
  const refusals: readonly (readonly [key: string, variable: string, value: string])[] = [
    ['timeout', 'EKIBEN_TIMEOUT', '5'],
    ['accessLog', 'EKIBEN_ACCESS_LOG', 'true'],
    ['only', 'EKIBEN_ONLY', 'A'],
    ['depends.A', 'EKIBEN_DEPENDS', 'A=http://127.0.0.1:1'],
    ['prefix', 'EKIBEN_PREFIX', '/a'],
    ['systemRoutes', 'EKIBEN_SYSTEM_ROUTES', 'probes'],
    ['trustProxy', 'EKIBEN_TRUST_PROXY', 'true'],
    ['cors.origins', 'EKIBEN_SET', 'cors.origins=*'],
  ]
  for (const [key, variable, value] of refusals) {
    it(`is refused to ekiben run and to bootstrapProduction: ${key} by ${variable}`, async () => {
      const env = { [variable]: value }
      await using project = await appProject(mainFile('() => createServer()', { options: '{ readEnvironment: true }' }))
      const exits = [
        await runNodeToEnd([EKIBEN, 'run', 'main.js', '--port', '0'], { cwd: project.path, env }),
        await failApp(project, 'supervised', { env }),
        await failApp(project, 'one process', { env }),
      ]
      for (const { code, stderr } of exits) {
        assert.equal(code, 2, stderr)
        assert.match(stderr, /EKB_ERR_CONFIG_UNUSED/)
        assert.ok(stderr.includes(`'${key}' (variable ${variable})`), stderr)
      }
    })
  }

  it('is an unknown flag of ekiben run', async () => {
    for (const flag of [
      '--timeout=1',
      '--workers=A=1',
      '--only=A',
      '--prefix=/a',
      '--system-routes=all',
      '--trust-proxy',
    ]) {
      const { code, stderr } = await runNodeToEnd([EKIBEN, 'run', 'main.js', flag])
      assert.equal(code, 2, stderr)
      assert.match(stderr, /EKB_ERR_CLI_USAGE/)
    }
  })

  it('is refused to bootstrapProduction where it names something else to serve', async () => {
    const main = (identifier: string) => mainFile('() => createServer()', { options: `{ identifier: ${identifier} }` })
    for (const identifier of ["'service:Other'", 'class Other {}']) {
      await using project = await appProject(main(identifier))
      for (const mode of ['supervised', 'one process'] as const) {
        const { code, stderr } = await failApp(project, mode)
        assert.match(stderr, /^EKB_ERR_CONFIG_UNUSED: .*'identifier' \(options in code\)/m)
        assert.equal(code, 2)
      }
    }
    await using project = await appProject(main('undefined'))
    await using run = await startApp(project, 'one process')
    assert.equal(await run.stop(), 0)
  })

  it('is refused in code to whom it is for the command line', async () => {
    const program = `require('@ekiben/core/serving').serveHttpProduction({ identifier: 'says-who-calls', readEnvironment: true })
      .catch(({ code, message }) => console.log(code, message))`
    const { stdout } = await runNodeToEnd(['-e', program], {
      cwd: 'test/fixtures/services',
      env: { EKIBEN_DRY_RUN: 'true' },
    })
    assert.match(stdout, /EKB_ERR_CONFIG_UNUSED The setting 'dryRun' \(variable EKIBEN_DRY_RUN\)/)
  })

  it('is --explain without --dry-run', async () => {
    for (const command of [
      ['serve', '.'],
      ['run', 'main.js'],
    ]) {
      await using project = await appProject('')
      const { code, stderr } = await runNodeToEnd([EKIBEN, ...command, '--explain'], { cwd: project.path })
      assert.equal(code, 2, stderr)
      assert.match(stderr, /--explain explains a --dry-run/)
    }
  })
})
