import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, it } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { call, failFixture, logLines, serveFixture } from '../helpers/serve-fixture.js'

type Path = { name: string; below: Path[] }

describe('starting a graph', () => {
  it('serves a chain of three services, each in a process of its own', async () => {
    await using server = await serveFixture('chain:Front')
    const { status, body } = await call<{ service: string; pid: number }[]>(server.url, 'work', { ms: 1 })
    assert.equal(status, 200)
    assert.deepEqual(
      body.map((each) => each.service),
      ['Front', 'Middle', 'Back'],
    )
    assert.equal(new Set(body.map((each) => each.pid)).size, 3)
    assert.equal(await server.stop(), 0)
  })

  it('starts a diamond once, dependencies first, and stops it in reverse', async () => {
    await using server = await serveFixture('diamond:Top')
    const { body } = await call<Path>(server.url, 'path')
    assert.deepEqual(
      body.below.map((each) => [each.name, each.below.map((below) => below.name)]),
      [
        ['Left', ['Bottom']],
        ['Right', ['Bottom']],
      ],
    )
    assert.equal(await server.stop(), 0)
    const events = logLines(server.stdout()).filter((line) => line.event !== undefined)
    const order = (event: string): unknown[] => events.filter((line) => line.event === event).map((line) => line.name)
    assert.deepEqual([order('start')[0], order('start')[3], order('start').length], ['Bottom', 'Top', 4])
    assert.deepEqual([order('stop')[0], order('stop')[3], order('stop').length], ['Top', 'Bottom', 4])
  })

  it('says in which mode it starts, and why; says ready once, when every worker is', async () => {
    await using server = await serveFixture('chain:Front', ['--api-workers', '2', '--workers', 'Back=3'])
    const lines = logLines(server.stdout())
    const starting = lines.filter((line) => line.msg === 'starting')
    const why = 'development mode is not asked for'
    assert.deepEqual(
      starting.map(({ pid, mode, why }) => [pid, mode, why]),
      [[server.pid, 'supervised', why]],
    )
    const ready = lines.filter((line) => line.msg === 'ready')
    assert.equal(ready.length, 1)
    assert.deepEqual(ready[0]?.services, ['Back:3', 'Middle:1', 'Front:2'])
    const answers = await Promise.all(Array.from({ length: 40 }, () => call(server.url, 'alone')))
    assert.ok(answers.every(({ status }) => status === 200))
    assert.equal(await server.stop(), 0)
  })

  it('boots the entry workers it knows of side by side, before there is a plan', async (t) => {
    if (availableParallelism() < 2) return t.skip('the only core is for the first worker')
    await using project = await projectFolder({})
    const env = { TOGETHER: project.path }
    await using server = await serveFixture('side-by-side:Pair', ['--api-workers', '2'], { env })
    const [ready] = logLines(server.stdout()).filter((line) => line.msg === 'ready')
    assert.deepEqual(ready?.services, ['Pair:2'])
    assert.equal(await server.stop(), 0)
  })

  it('deploys once for each service that asks for it, dependencies first, before any worker serves', async () => {
    await using server = await serveFixture('deploys:Api', ['--api-workers', '2'])
    const deployed = logLines(server.stdout()).filter((line) => line.event === 'deploy')
    assert.deepEqual(
      deployed.map((line) => [line.name, line.env]),
      [
        ['Model', 'small'],
        ['Api', undefined],
      ],
    )
    const { body } = await call<number[]>(server.url, 'pids')
    assert.ok(deployed.every((line) => !body.includes(line.pid as number)))
    assert.equal(await server.stop(), 0)
  })

  const failures = [
    {
      what: 'a deployment that throws',
      fixture: 'deploys:Broken',
      code: 'EKB_ERR_WORKER_BOOT_FAILED',
      exit: 3,
      says: '(deploy): no space for the model',
    },
    {
      what: 'a first worker that dies while the deployment goes on',
      fixture: 'deploys:Hollow',
      code: 'EKB_ERR_WORKER_BOOT_FAILED',
      exit: 3,
      says: 'nothing to construct',
    },
    {
      what: 'a module that throws',
      fixture: 'throws-on-load',
      code: 'EKB_ERR_IDENTIFIER_LOAD_FAILED',
      exit: 4,
      says: 'this module does not load',
    },
    {
      what: 'a constructor that throws',
      fixture: 'throws-in-constructor',
      code: 'EKB_ERR_WORKER_BOOT_FAILED',
      exit: 3,
      says: 'cannot be made',
    },
    {
      what: 'a dependency whose start rejects',
      fixture: 'throws-in-dependency-start:Api',
      code: 'EKB_ERR_WORKER_BOOT_FAILED',
      exit: 3,
      says: 'Model#0',
    },
    {
      what: 'a start that never ends',
      fixture: 'hangs-on-start',
      code: 'EKB_ERR_WORKER_BOOT_TIMEOUT',
      exit: 3,
      says: '3000 ms (it was start)',
    },
    {
      what: 'a worker that exits with 0',
      fixture: 'exits-on-start',
      code: 'EKB_ERR_WORKER_BOOT_FAILED',
      exit: 3,
      says: 'code 0',
    },
    {
      what: 'an error nobody catches',
      fixture: 'crashes-on-start',
      code: 'EKB_ERR_WORKER_BOOT_FAILED',
      exit: 3,
      says: 'thrown where nobody catches',
    },
    {
      what: 'workers that keep dying before all are ready',
      fixture: 'flaps:Waiter',
      code: 'EKB_ERR_FLAPPING',
      exit: 5,
      says: "Workers of 'Flapper' died 5 times",
    },
    { what: 'a cycle', fixture: 'cycle:Egg', code: 'EKB_ERR_GRAPH_CYCLE', exit: 2, says: 'Egg -> Hen -> Egg' },
    {
      what: 'two services of one name',
      fixture: 'name-clash:Api',
      code: 'EKB_ERR_GRAPH_NAME_CLASH',
      exit: 2,
      says: 'odel',
    },
    {
      what: 'a class that is no service',
      fixture: 'no-service:Plain',
      code: 'EKB_ERR_IDENTIFIER_NOT_A_SERVICE',
      exit: 4,
      says: '@service()',
    },
    {
      what: 'an export that is not there',
      fixture: 'chain:Frond',
      code: 'EKB_ERR_IDENTIFIER_EXPORT_NOT_FOUND',
      exit: 4,
      says: 'Front',
    },
    {
      what: 'a module that is not there',
      fixture: 'chian:Front',
      code: 'EKB_ERR_IDENTIFIER_NOT_FOUND',
      exit: 4,
      says: 'chain',
    },
    {
      what: 'a malformed identifier',
      fixture: ':Front',
      code: 'EKB_ERR_IDENTIFIER_MALFORMED',
      exit: 4,
      says: ':Front',
    },
    { what: 'a bundle', fixture: 'bundle:shop', code: 'EKB_ERR_IDENTIFIER_BUNDLE_UNKNOWN', exit: 4, says: 'shop' },
    {
      what: 'an option that does not exist',
      fixture: 'unknown-option',
      code: 'EKB_ERR_CONFIG_UNKNOWN',
      exit: 2,
      says: 'workers',
    },
    {
      what: 'a constructor with parameters',
      fixture: 'needs-arguments:Api',
      code: 'EKB_ERR_PLAN_CONSTRUCTOR',
      exit: 2,
      says: 'Model',
    },
  ]
  for (const { what, fixture, code, exit, says } of failures) {
    it(`refuses ${what} with ${code}, exit ${exit}, and leaves nothing behind`, async () => {
      const ended = await failFixture(fixture)
      assert.equal(ended.code, exit, ended.stderr)
      assert.match(ended.stderr, new RegExp(code))
      assert.ok(ended.stderr.includes(says), ended.stderr)
    })
  }

  it('shows the stack of a module that throws once', async () => {
    const { stderr } = await failFixture('throws-on-load', ['--api-workers', '3'])
    assert.equal(stderr.match(/throws-on-load\.mjs:3/g)?.length, 1, stderr)
  })

  it('prints the plan of a dry run and starts nothing', async () => {
    const { code, stdout } = await failFixture('chain:Front', ['--dry-run', '--workers', 'Back=3'])
    assert.equal(code, 0)
    const plan = JSON.parse(stdout)
    assert.deepEqual(
      plan.services.map((service: { name: string; workers: number }) => [service.name, service.workers]),
      [
        ['Back', 3],
        ['Middle', 1],
        ['Front', 1],
      ],
    )
  })
})
