import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SERVICE_SHAPE, SUPERVISION_SHAPE } from '../config/service-settings-rows.js'
import { isServiceError } from '../errors/service-error.js'
import type { GraphNode, ServiceGraph } from '../graph/service-graph.js'
import type { ServiceSettings } from '../service/service-definition.js'
import { makeServePlan } from './make-serve-plan.js'
import type { PlanSettings } from './plan-settings.js'
import type { Machine } from './read-machine.js'
import { SUPERVISION_DEFAULTS } from './supervision-defaults.js'

const MACHINE: Machine = {
  cpuCount: 4,
  gpuCount: 2,
  cudaVisibleDevices: undefined,
  somaxconn: 4096,
  memoryLimitBytes: 1024 ** 3,
}

const SETTINGS: PlanSettings = {
  port: 3000,
  host: '0.0.0.0',
  backlog: 2048,
  apiWorkers: undefined,
  workers: {},
  timeoutMs: undefined,
  gracefulShutdownMs: 25_000,
  supervision: {},
  services: {},
}

function node(name: string, settings: ServiceSettings = {}, ...dependencies: string[]): GraphNode {
  return {
    name,
    apis: [],
    dependencies: dependencies.map((service) => ({ property: service.toLowerCase(), service, optional: false })),
    remotes: [],
    settings,
    schemaHash: `hash of ${name}`,
    constructorParameters: 0,
    deploys: false,
  }
}

const graphOf = (...nodes: GraphNode[]): ServiceGraph => ({ entry: nodes.at(-1)?.name as string, nodes, elsewhere: [] })
const plan = (graph: ServiceGraph, settings: Partial<PlanSettings> = {}, machine: Partial<Machine> = {}) =>
  makeServePlan(graph, { ...SETTINGS, ...settings }, { ...MACHINE, ...machine })
const planOne = (own: ServiceSettings, settings: Partial<PlanSettings> = {}, machine: Partial<Machine> = {}) =>
  plan(graphOf(node('A', own)), settings, machine).services[0]
const warnings = (own: ServiceSettings, settings: Partial<PlanSettings> = {}, machine: Partial<Machine> = {}) =>
  plan(graphOf(node('A', own)), settings, machine).warnings.map(({ code }) => code)

function refusal(code: string, message: RegExp, hint = /./) {
  return (error: unknown) => {
    assert.ok(isServiceError(error, code), String(error))
    assert.match(error.message, message)
    assert.match(error.hint ?? '', hint)
    return true
  }
}

describe('makeServePlan', () => {
  it('plans a diamond with every default applied', () => {
    const graph = graphOf(
      node('Leaf'),
      node('Left', {}, 'Leaf'),
      node('Right', {}, 'Leaf'),
      node('Root', {}, 'Left', 'Right'),
    )
    const { entry, services, address, warnings: warned } = plan(graph)
    assert.equal(entry, 'Root')
    assert.deepEqual(address, { host: '0.0.0.0', port: 3000, backlog: 2048 })
    assert.deepEqual(warned, [])
    assert.deepEqual(
      services.map(({ name, level }) => [name, level]),
      [
        ['Leaf', 0],
        ['Left', 1],
        ['Right', 1],
        ['Root', 2],
      ],
    )
    assert.deepEqual(services.at(-1), {
      name: 'Root',
      entry: true,
      workers: 1,
      threads: false,
      dependencies: [
        { property: 'left', service: 'Left', optional: false },
        { property: 'right', service: 'Right', optional: false },
      ],
      remotes: [],
      level: 2,
      traffic: { timeoutMs: undefined, maxConcurrency: undefined, maxQueue: 1000 },
      supervision: SUPERVISION_DEFAULTS,
      env: {},
      gpus: [],
      envAllow: undefined,
      nodeArgs: [],
      maxHeapBytes: undefined,
      schemaHash: 'hash of Root',
      deploys: false,
    })
  })

  it('takes settings of services that run elsewhere, and warns of those that were given for this start', () => {
    const graph: ServiceGraph = { ...graphOf(node('A')), elsewhere: ['B'] }
    const given = { workers: { B: 2 }, services: { B: { traffic: { timeoutMs: 5 } } } }
    const warned = (source: string) =>
      plan(graph, { ...given, sources: { 'workers.B': source, 'services.B.traffic.timeoutMs': 'file f' } }).warnings
    assert.deepEqual(warned('file f'), [])
    assert.deepEqual(warned('flag --workers'), [
      { code: 'EKB_WRN_PLAN_ELSEWHERE', message: "workers.B has no effect: 'B' does not run here" },
    ])
  })

  it("lets this serve's settings win over the service's own", () => {
    const own: ServiceSettings = {
      workers: 2,
      traffic: { timeoutMs: 1000, maxConcurrency: 3 },
      env: { A: 'own', B: 'own' },
      nodeArgs: ['--own'],
      maxHeapBytes: '100M',
      bootTimeoutMs: 1,
      drainTimeoutMs: 2,
      restart: { factor: 3 },
    }
    const service = planOne(own, {
      workers: { A: 5 },
      supervision: { bootTimeoutMs: 10, drainTimeoutMs: 20, restart: { initialMs: 7 } },
      services: {
        A: {
          bootTimeoutMs: 100,
          env: { B: 'given' },
          traffic: { maxQueue: 9 },
          maxHeapBytes: 5,
          nodeArgs: ['--given'],
        },
      },
    })
    assert.equal(service?.workers, 5)
    assert.deepEqual(service?.traffic, { timeoutMs: 1000, maxConcurrency: 3, maxQueue: 9 })
    assert.deepEqual(service?.env, { A: 'own', B: 'given' })
    assert.deepEqual(service?.nodeArgs, ['--given'])
    assert.equal(service?.maxHeapBytes, 5)
    assert.equal(service?.supervision.bootTimeoutMs, 100)
    assert.equal(service?.supervision.drainTimeoutMs, 20)
    assert.deepEqual(service?.supervision.restart, { ...SUPERVISION_DEFAULTS.restart, initialMs: 7, factor: 3 })
  })

  it('gives apiWorkers and the timeout to the entry service alone', () => {
    const graph = graphOf(node('Leaf', { traffic: { timeoutMs: 9 } }), node('Root', { workers: 2 }, 'Leaf'))
    const [leaf, root] = plan(graph, { apiWorkers: 4, timeoutMs: 500 }).services
    assert.deepEqual([leaf?.workers, leaf?.traffic?.timeoutMs], [1, 9])
    assert.deepEqual([root?.workers, root?.traffic?.timeoutMs], [4, 500])
  })

  it('lets the stronger place win where two settings say the same thing', () => {
    const settings = {
      apiWorkers: 4,
      workers: { A: 2 },
      timeoutMs: 500,
      services: { A: { traffic: { timeoutMs: 900 } } },
    }
    const from = (whole: string, named: string): Partial<PlanSettings> => ({
      ...settings,
      sources: { apiWorkers: whole, timeout: whole, 'workers.A': named, 'services.A.traffic.timeoutMs': named },
    })
    const flagWins = planOne({}, from('flag --api-workers', 'file ekiben.config.json'))
    assert.deepEqual([flagWins?.workers, flagWins?.traffic?.timeoutMs], [4, 500])
    const namedWins = planOne({}, from('file ekiben.config.json', 'flag --set'))
    assert.deepEqual([namedWins?.workers, namedWins?.traffic?.timeoutMs], [2, 900])
  })

  it("counts 'cpu' by the machine, wherever it is written", () => {
    assert.equal(planOne({ workers: 'cpu' })?.workers, 4)
    assert.equal(planOne({}, { apiWorkers: 'cpu' })?.workers, 4)
    assert.equal(planOne({}, { workers: { A: 'cpu' } })?.workers, 4)
  })

  it('has threads where a service, or all, are to be such; what is said of one goes first', () => {
    const threadsOf = (own: ServiceSettings, settings: Partial<PlanSettings>): boolean | undefined =>
      plan(graphOf(node('A', own)), settings).services[0]?.threads
    assert.equal(threadsOf({ threads: true }, {}), true)
    assert.equal(threadsOf({}, { threaded: true }), true)
    assert.equal(threadsOf({ threads: true }, { threaded: false }), false)
    assert.equal(threadsOf({}, { threaded: true, services: { A: { threads: false } } }), false)
    assert.equal(threadsOf({}, { threaded: false, services: { A: { threads: true } } }), true)
  })

  it('runs the workers of an app in processes, and says so where threads were asked for', () => {
    const app = { bindsAsked: true }
    for (const settings of [{ threaded: true }, { services: { A: { threads: true } } }]) {
      const { services, warnings } = plan(graphOf(node('A')), { ...settings, app })
      assert.equal(services[0]?.threads, false)
      assert.deepEqual(
        warnings.map(({ code }) => code),
        ['EKB_WRN_PLAN_THREADS_APP'],
      )
    }
    assert.deepEqual(plan(graphOf(node('A')), { app }).warnings, [])
  })

  it('plans no traffic for an app, which answers by itself, and says so of each limit that was set for it', () => {
    const app = { bindsAsked: true }
    const graph = graphOf(node('Back'), node('shop', {}, 'Back'))
    const traffic = { timeoutMs: 5, maxConcurrency: 1 }
    const { services, warnings } = plan(graph, { app, services: { shop: { traffic }, Back: { traffic } } })
    assert.deepEqual(
      services.map((service) => service.traffic),
      [{ ...traffic, maxQueue: 1000 }, undefined],
    )
    const told = (key: string) => ({
      code: 'EKB_WRN_PLAN_TRAFFIC_APP',
      message: `services.shop.traffic.${key} has no effect: the app 'shop' answers its requests itself; set the limit in the app, or for a service that it calls`,
    })
    assert.deepEqual(warnings, [told('timeoutMs'), told('maxConcurrency')])
  })

  it('says that no service waits for an app', () => {
    const services = { A: { dependencyGraceMs: 5 } }
    const { warnings } = plan(graphOf(node('A')), { app: { bindsAsked: true }, services })
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['EKB_WRN_PLAN_GRACE_APP'],
    )
    assert.match(
      warnings[0]?.message ?? '',
      /^services\.A\.dependencyGraceMs has no effect: no service calls the app 'A'/,
    )
    assert.deepEqual(plan(graphOf(node('A')), { services }).warnings, [])
  })

  /** What each key does for an app is tested where it does it; `threads` too is warned of. */
  it('knows of each setting of a service whether an app has a use for it', () => {
    const acts = ['workers', 'resources', 'env', 'envAllow', 'nodeArgs', 'maxHeapBytes']
    const watched = Object.keys(SUPERVISION_SHAPE).filter((key) => key !== 'dependencyGraceMs')
    const warned = ['threads', 'traffic', 'dependencyGraceMs']
    assert.deepEqual(Object.keys(SERVICE_SHAPE).toSorted(), [...acts, ...watched, ...warned].toSorted())
  })

  it('allocates GPUs per worker unless they are preset', () => {
    const own: ServiceSettings = { workers: 2, resources: { gpu: 1 } }
    assert.deepEqual(planOne(own)?.gpus, ['0', '1'])
    assert.deepEqual(planOne(own, {}, { cudaVisibleDevices: '7', gpuCount: 1 })?.gpus, [])
    assert.deepEqual(planOne({ ...own, env: { CUDA_VISIBLE_DEVICES: '3' } })?.gpus, [])
    assert.deepEqual(planOne({ resources: { gpu: 0 } }, {}, { gpuCount: 0 })?.gpus, [])
    assert.throws(() => planOne(own, {}, { gpuCount: 1 }), refusal('EKB_ERR_PLAN_GPU', /needs 2 GPU/))
  })

  it('refuses names that are not in the graph, and suggests near ones', () => {
    const graph = graphOf(node('Embedder'), node('TextClassifier', {}, 'Embedder'))
    const sources = { workers: 'the command line', 'services.embedder': 'ekiben.config.json' }
    assert.throws(
      () => plan(graph, { workers: { Embeder: 2 }, sources }),
      refusal('EKB_ERR_CONFIG_UNKNOWN', /'workers\.Embeder' \(the command line\)/, /Did you mean Embedder\?/),
    )
    assert.throws(
      () => plan(graph, { services: { embedder: {} }, sources }),
      refusal('EKB_ERR_CONFIG_UNKNOWN', /'services\.embedder' \(ekiben\.config\.json\)/, /Did you mean Embedder\?/),
    )
    assert.throws(
      () => plan(graph, { services: { Zzz: {} } }),
      refusal('EKB_ERR_CONFIG_UNKNOWN', /\(the settings\)/, /Embedder or TextClassifier/),
    )
  })

  it('refuses a constructor that nobody can call', () => {
    const graph = graphOf({ ...node('A'), constructorParameters: 2 })
    assert.throws(() => plan(graph), refusal('EKB_ERR_PLAN_CONSTRUCTOR', /'A' takes 2 argument/, /create/))
  })

  const IMPOSSIBLE: readonly (readonly [string, Partial<PlanSettings>, RegExp])[] = [
    ['no workers', { workers: { A: 0 } }, /'workers\.A' \(.*\) is 0; expected a whole number, 1 or more/],
    ['half a worker', { apiWorkers: 1.5 }, /'apiWorkers' \(.*\) is 1\.5/],
    ['a port beyond the last', { port: 65_536 }, /'port' \(.*\) is 65536/],
    ['no backlog', { backlog: 0 }, /'backlog' \(.*\) is 0/],
    ['a timeout of nothing', { timeoutMs: 0 }, /'timeoutMs' \(.*\) is 0/],
    ['a stop of NaN', { gracefulShutdownMs: Number.NaN }, /'gracefulShutdownMs' \(.*\) is NaN/],
    [
      'one and a half GPUs',
      { services: { A: { resources: { gpu: 1.5 } } } },
      /'services\.A\.resources\.gpu' \(.*\) is 1\.5/,
    ],
    ['a heap of words', { services: { A: { maxHeapBytes: 'much' } } }, /'services\.A\.maxHeapBytes' \(.*\) is much/],
    [
      'a last wait below the first',
      { services: { A: { restart: { maxMs: 5 } } } },
      /'services\.A\.restart\.maxMs' \(.*\) is 5/,
    ],
  ]
  for (const [title, settings, message] of IMPOSSIBLE) {
    it(`refuses ${title}`, () => {
      assert.throws(() => planOne({}, settings), refusal('EKB_ERR_CONFIG_INVALID', message))
    })
  }

  const WARNED: readonly (readonly [string, ServiceSettings, Partial<PlanSettings>, Partial<Machine>])[] = [
    ['EKB_WRN_PLAN_TIMEOUT_ABOVE_STOP', { traffic: { timeoutMs: 26_000 } }, {}, {}],
    ['EKB_WRN_PLAN_TIMEOUT_ABOVE_DRAIN', { traffic: { timeoutMs: 21_000 } }, {}, {}],
    ['EKB_WRN_PLAN_DRAIN_ABOVE_STOP', { prestopDelayMs: 6_000 }, {}, {}],
    ['EKB_WRN_PLAN_KEEP_ALIVE_ABOVE_DRAIN', { drainTimeoutMs: 500 }, {}, {}],
    ['EKB_WRN_PLAN_WORKERS_TWICE', {}, { apiWorkers: 2, workers: { A: 3 } }, {}],
    ['EKB_WRN_PLAN_HEAP_ABOVE_MEMORY', { workers: 3, maxHeapBytes: '512M' }, {}, {}],
    ['EKB_WRN_PLAN_BACKLOG_ABOVE_SOMAXCONN', {}, {}, { somaxconn: 128 }],
    ['EKB_WRN_PLAN_GPU_COUNT_UNKNOWN', { resources: { gpu: 1 } }, {}, { gpuCount: undefined }],
  ]
  for (const [code, own, settings, machine] of WARNED) {
    it(`warns: ${code}`, () => assert.deepEqual(warnings(own, settings, machine), [code]))
  }

  it('warns in development mode of nothing that is about pools', () => {
    const settings = { developmentMode: true, apiWorkers: 2, workers: { A: 3 } }
    const told = warnings({ drainTimeoutMs: 500 }, settings, { somaxconn: 128 })
    assert.deepEqual(told, ['EKB_WRN_PLAN_BACKLOG_ABOVE_SOMAXCONN'])
  })

  it('warns of nothing where the machine says nothing', () => {
    const unknown = { somaxconn: undefined, memoryLimitBytes: undefined, gpuCount: undefined }
    assert.deepEqual(warnings({ workers: 9, maxHeapBytes: '9G' }, {}, unknown), [])
  })
})
