import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FLAVOURS, type Greeting, greeterProject } from '../helpers/development-project.js'
import { projectFolder } from '../helpers/project-folder.js'
import { runNode, runNodeToEnd } from '../helpers/run-node.js'
import { call, EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'

const JSON_LOG = ['--port', '0', '--log-format', 'json']

function develop(cwd: string, flags: readonly string[] = [], env = {}): Promise<ServingCommand> {
  const args = [EKIBEN, 'serve', 'service:Greeter', '--development', ...JSON_LOG, ...flags]
  return startServing(args, { cwd, env: { NODE_ENV: undefined, ...env } })
}

interface Refusal {
  readonly error: string
  readonly code: string
  readonly stack?: string
}

function post(url: string, headers: Readonly<Record<string, string>>, method = 'POST'): Promise<Response> {
  const body = method === 'POST' ? '{}' : null
  return fetch(`${url}/greet`, { method, headers: { 'content-type': 'application/json', ...headers }, body })
}

describe('development mode', () => {
  for (const flavour of FLAVOURS) {
    it(`runs a service and what it depends on in one process, in TypeScript with ${flavour} decorators`, async () => {
      await using project = await greeterProject(flavour)
      await using run = await develop(project.path)
      const { body } = await call<Greeting>(run.url, 'greet')
      assert.deepEqual(body, { words: 'first', own: run.pid, helper: run.pid, mode: 'development' })
      assert.match(run.url, /^http:\/\/127\.0\.0\.1:\d+$/)
      const starting = logLines(run.stdout()).find(({ msg }) => msg === 'starting')
      assert.deepEqual([starting?.mode, starting?.why], ['development', 'flag --development'])
      assert.equal(await run.stop(), 0)
    })
  }

  it('shows the stacks of errors of ours in its answers, and nothing else that production would not', async () => {
    await using project = await greeterProject()
    await using run = await develop(project.path)
    const failed = await call<Refusal>(run.url, 'fail')
    assert.equal(failed.status, 500)
    assert.equal(failed.body.code, 'EKB_ERR_INTERNAL')
    assert.match(failed.body.stack ?? '', /^TypeError: no good\n\s+at .*service\.ts:\d+:\d+/)
    assert.match(failed.body.stack ?? '', /Caused by Error: deeper\n\s+at .*service\.ts/)
    const below = await call<Refusal>(run.url, 'failBelow')
    assert.match(below.body.stack ?? '', /broken inside[\s\S]*helper\.ts/)
    const unknown = await call<Refusal>(run.url, 'nowhere')
    assert.deepEqual([unknown.status, 'stack' in unknown.body], [404, false])
    assert.equal(await run.stop(), 0)
  })

  it('keeps stacks to its log in production', async () => {
    await using project = await greeterProject()
    const args = [EKIBEN, 'serve', 'service:Greeter', ...JSON_LOG, '--host', '127.0.0.1']
    await using run = await startServing(args, { cwd: project.path })
    const failed = await call<Refusal>(run.url, 'fail')
    assert.deepEqual([failed.status, 'stack' in failed.body], [500, false])
    assert.equal((await post(run.url, { origin: 'http://evil.example' })).status, 200)
    assert.equal(await run.stop(), 0)
  })

  it('refuses pages of other origins, and lets its own and those that cors names', async () => {
    await using project = await greeterProject('standard', {
      'ekiben.config.json': { cors: { origins: ['http://localhost:5173'] } },
    })
    await using run = await develop(project.path)
    const { port } = new URL(run.url)
    const status = async (headers: Readonly<Record<string, string>>, method?: string): Promise<number> => {
      const answer = await post(run.url, headers, method)
      const body = await answer.text()
      if (answer.status === 403) assert.equal((JSON.parse(body) as Refusal).code, 'EKB_ERR_ORIGIN_FOREIGN')
      return answer.status
    }
    assert.equal(await status({ origin: run.url }), 200)
    assert.equal(await status({}), 200)
    assert.equal(await status({ origin: 'http://localhost:5173' }), 200)
    for (const origin of ['http://evil.example', `http://evil.example:${port}`, 'null', 'http://127.0.0.1:1']) {
      assert.equal(await status({ origin }), 403, origin)
    }
    assert.equal(
      await status({ origin: 'http://evil.example', 'access-control-request-method': 'POST' }, 'OPTIONS'),
      403,
    )
    assert.equal(await run.stop(), 0)
  })

  it('writes readable lines unless told otherwise', async () => {
    await using project = await greeterProject()
    const args = [EKIBEN, 'serve', 'service:Greeter', '--development', '--port', '0']
    const urlOf = (line: string): string | undefined => /INFO {2}ready url=(\S+)/.exec(line)?.[1]
    await using run = await startServing(args, { cwd: project.path, urlOf })
    assert.match(run.stdout(), /INFO {2}starting mode=development/)
    assert.equal(await run.stop('SIGINT'), 0)
  })

  it('shows a failed start as production does, with its exit code', async () => {
    await using project = await greeterProject('standard', {
      'words.ts': 'throw new RangeError("at the top")\nexport const words = ""\n',
    })
    const args = [EKIBEN, 'serve', 'service:Greeter', '--development', ...JSON_LOG]
    const { code, stderr } = await runNodeToEnd(args, { cwd: project.path })
    assert.equal(code, 4)
    assert.match(stderr, /^EKB_ERR_IDENTIFIER_LOAD_FAILED: [\s\S]*RangeError: at the top\n\s+at .*words\.ts:1:7/)
  })

  it('serves a class of the process that calls serveHttpProduction, and leaves that process alone', async () => {
    const main = `
import { serveHttpProduction } from '@ekiben/core/serving'
import { defineService } from '@ekiben/core'
const Echo = defineService(class Echo { async pid() { return process.pid } }, { apis: { pid: {} } })
const listeners = process.listenerCount('SIGTERM')
const server = await serveHttpProduction({ identifier: Echo, developmentMode: true, port: 0, logLevel: 'silent' })
const answer = await fetch(server.url + '/pid', { method: 'POST' })
const seen = { pid: await answer.json(), host: server.address.host, state: server.status().state }
await server.reload().catch(({ code }) => { seen.reload = code })
const { exitCode } = await server.stop()
console.log(JSON.stringify({ ...seen, own: process.pid, exitCode, installed: process.listenerCount('SIGTERM') - listeners }))
`
    await using project = await projectFolder({ 'package.json': { type: 'module' }, 'main.js': main })
    await using run = await runNode(['main.js'], { cwd: project.path })
    const { stdout, code } = await run.exited
    assert.equal(code, 0, run.stderr())
    const { pid, own, ...seen } = JSON.parse(stdout)
    assert.equal(pid, own)
    assert.deepEqual(seen, {
      host: '127.0.0.1',
      state: 'running',
      reload: 'EKB_ERR_ONE_PROCESS',
      exitCode: 0,
      installed: 0,
    })
  })

  it('has no debugger in production', async () => {
    await using project = await greeterProject()
    const args = [EKIBEN, 'serve', 'service:Greeter', '--inspect', ...JSON_LOG]
    const { code, stderr } = await runNodeToEnd(args, { cwd: project.path })
    assert.equal(code, 2)
    assert.match(stderr, /^EKB_ERR_INSPECT_PRODUCTION: .*flag --inspect/)
  })
})
