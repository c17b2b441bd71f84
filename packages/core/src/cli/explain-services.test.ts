import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { layerFromData } from '../config/layer-from-data.js'
import { layerFromFlags } from '../config/layer-from-text.js'
import { mergeConfig } from '../config/merge-config.js'
import type { ServiceGraph } from '../graph/service-graph.js'
import { makeServePlan } from '../plan/make-serve-plan.js'
import type { ServiceSettings } from '../service/service-definition.js'
import { explainServices } from './explain-services.js'

const OWN: ServiceSettings = {
  workers: 3,
  threads: true,
  traffic: { timeoutMs: 700, maxQueue: 5 },
  env: { OWN: 'a', BOTH: 'a' },
  nodeArgs: ['--enable-source-maps'],
  surge: 2,
  maxRequests: 9,
  restart: { flappingCount: 7 },
}

const MACHINE = {
  cpuCount: 8,
  memoryLimitBytes: undefined,
  somaxconn: undefined,
  gpuCount: 4,
  cudaVisibleDevices: undefined,
}

function graphOf(settings: ServiceSettings): ServiceGraph {
  const shared = { apis: [], remotes: [], constructorParameters: 0, deploys: false }
  const nodes = [
    { ...shared, name: 'Back', dependencies: [], settings: {}, schemaHash: 'b' },
    { ...shared, name: 'Front', dependencies: [], settings, schemaHash: 'f' },
  ]
  return { entry: 'Front', nodes, elsewhere: [] }
}

function explain(file: object, flags: Parameters<typeof layerFromFlags>[0] = {}, own = OWN) {
  const layers = [layerFromData(file, 'file', 'file x.json'), layerFromFlags(flags)]
  const settings = mergeConfig(layers, { terminal: false })
  const graph = graphOf(own)
  return explainServices(makeServePlan(graph, settings, MACHINE), graph, settings) as Record<string, Explained>
}

/** Any part of it. */
type Explained = { readonly [key: string]: Explained } & { readonly value: unknown; readonly source: string }

describe('explainServices', () => {
  it("gives a service's own values with its name, and those that nobody has given as defaults", () => {
    const { Front, Back } = explain({})
    const own = "service 'Front'"
    assert.deepEqual(Front?.workers, { value: 3, source: own })
    assert.deepEqual(Front?.threads, { value: true, source: own })
    assert.deepEqual(Front?.traffic, {
      timeoutMs: { value: 700, source: own },
      maxConcurrency: { value: null, source: 'default' },
      maxQueue: { value: 5, source: own },
    })
    assert.deepEqual(Front?.env, { OWN: { value: 'a', source: own }, BOTH: { value: 'a', source: own } })
    assert.deepEqual(Front?.nodeArgs, { value: ['--enable-source-maps'], source: own })
    assert.deepEqual(Front?.restart?.flappingCount, { value: 7, source: own })
    assert.deepEqual(Front?.restart?.factor, { value: 2, source: 'default' })
    assert.deepEqual(Front?.maxAgeMs, { value: 0, source: 'default' })
    assert.deepEqual(Back?.workers, { value: 1, source: 'default' })
    assert.deepEqual(Back?.envAllow, { value: null, source: 'default' })
  })

  it('gives what is set over them, with the place of each', () => {
    const { Front, Back } = explain(
      {
        supervision: { maxRequests: 4, maxAgeMs: 8 },
        services: { Front: { surge: 3, env: { BOTH: 'b' }, maxRequests: 6, traffic: { timeoutMs: 900 } } },
        envAllow: ['PATH'],
      },
      { apiWorkers: '2', timeout: '1', threaded: false },
    )
    assert.deepEqual(Front?.workers, { value: 2, source: 'flag --api-workers' })
    assert.deepEqual(Front?.threads, { value: false, source: 'flag --threaded' })
    assert.deepEqual(Front?.traffic?.timeoutMs, { value: 1000, source: 'flag --timeout' })
    assert.deepEqual(Front?.env?.BOTH, { value: 'b', source: 'file x.json' })
    assert.deepEqual(Front?.surge, { value: 3, source: 'file x.json' })
    assert.deepEqual(Front?.maxRequests, { value: 6, source: 'file x.json' })
    assert.deepEqual(Front?.maxAgeMs, { value: 8, source: 'file x.json' })
    assert.deepEqual(Front?.envAllow, { value: ['PATH'], source: 'file x.json' })
    assert.deepEqual(Back?.maxRequests, { value: 4, source: 'file x.json' })
    assert.deepEqual(Back?.traffic?.timeoutMs, { value: null, source: 'default' })
  })

  it('knows that a timeout of one service may come from a stronger place than that of all', () => {
    const { Front } = explain({ timeout: 1 }, { set: ['Front.traffic.timeoutMs=900'] })
    assert.deepEqual(Front?.traffic?.timeoutMs, { value: 900, source: 'flag --set' })
  })

  it('shows of an app nothing that is about calls', () => {
    const settings = mergeConfig(
      [
        layerFromData(
          { services: { Front: { traffic: { timeoutMs: 9 }, dependencyGraceMs: 7 } } },
          'file',
          'file x.json',
        ),
      ],
      { terminal: false },
    )
    const app = { name: 'Front', main: '/a.js', args: [], appPort: undefined, nodeArgs: [] }
    const run = { ...settings, app: { ...app, ready: 'listen', bindsAsked: true } as const }
    const graph = graphOf({})
    const shown = explainServices(makeServePlan(graph, run, MACHINE), graph, run)
    assert.deepEqual(
      [shown.Front && 'traffic' in shown.Front, shown.Front && 'dependencyGraceMs' in shown.Front],
      [false, false],
    )
    assert.ok(shown.Front && 'bootTimeoutMs' in shown.Front && shown.Back && 'traffic' in shown.Back)
  })

  it('says that GPUs forbid one worker more', () => {
    const { Front } = explain({}, {}, { resources: { gpu: 1 }, surge: 2 })
    assert.deepEqual(Front?.surge, { value: 0, source: 'resources.gpu' })
    assert.deepEqual(Front?.resources?.gpu, { value: 1, source: "service 'Front'" })
  })
})
