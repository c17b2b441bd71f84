import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServeSettings } from '../config/serve-settings.js'
import type { ServicePlan } from '../plan/serve-plan.js'
import { announcementTimeoutMs, type EntryProcess, entryProcess, fitsPlan } from './entry-process.js'

const SPAWNED: EntryProcess = { declared: {}, allow: undefined, nodeArgs: [], maxHeapBytes: undefined, threads: false }
const PLAN = {
  env: {},
  envAllow: undefined,
  nodeArgs: [],
  maxHeapBytes: undefined,
  gpus: [],
  threads: false,
} as unknown as ServicePlan
const INHERITED = { PATH: '/bin', MODEL: 'a' }

describe('how an entry worker is spawned before the plan', () => {
  const app = { name: 'shop' } as NonNullable<ServeSettings['app']>
  const services = {
    shop: { env: { A: '1' }, envAllow: ['B'], nodeArgs: ['--import', './x.js'], maxHeapBytes: '1M' },
    Other: { env: { C: '1' } },
  }

  it('is what is set for an app', () => {
    const expected = {
      ...SPAWNED,
      declared: { A: '1' },
      allow: ['B'],
      nodeArgs: ['--import', './x.js'],
      maxHeapBytes: 1_048_576,
    }
    assert.deepEqual(entryProcess({ app, services, envAllow: ['D'], threaded: true }), expected)
  })

  it('is a thread, where a service is served by such', () => {
    const threaded = entryProcess({ app: undefined, services, envAllow: undefined, threaded: true })
    assert.deepEqual(threaded, { ...SPAWNED, threads: true })
  })

  it('is what all inherit, where a service is served or nothing is set', () => {
    const plain = { ...SPAWNED, allow: ['D'] }
    assert.deepEqual(entryProcess({ app: undefined, services, envAllow: ['D'], threaded: undefined }), plain)
    assert.deepEqual(entryProcess({ app, services: {}, envAllow: ['D'], threaded: undefined }), plain)
  })
})

describe('the time for an announcement', () => {
  it('is that of the app, of all, or the default', () => {
    const app = { name: 'shop' } as NonNullable<ServeSettings['app']>
    const services = { shop: { bootTimeoutMs: 5 } }
    const supervision = { bootTimeoutMs: 7 }
    assert.equal(announcementTimeoutMs({ app, services, supervision }), 5)
    assert.equal(announcementTimeoutMs({ app, services: {}, supervision }), 7)
    assert.equal(announcementTimeoutMs({ app: undefined, services, supervision }), 7)
    assert.equal(announcementTimeoutMs({ app: undefined, services: {}, supervision: {} }), 60_000)
  })
})

describe('a worker that was spawned before the plan', () => {
  const FITS: readonly (readonly [string, Partial<ServicePlan>, Partial<EntryProcess>])[] = [
    ['where nothing is set', {}, {}],
    ['where the same is set', { env: { A: '1' } }, { declared: { A: '1' } }],
    ['where what is set is inherited anyway', { env: { MODEL: 'b' } }, {}],
    ['where it has the same flags', { nodeArgs: ['--x'] }, { nodeArgs: ['--x'] }],
    ['where it has the same heap', { maxHeapBytes: 1 }, { maxHeapBytes: 1 }],
    ['where it is a thread and is to be one', { threads: true }, { threads: true }],
    ['where it inherits the same by another list', { envAllow: ['MODEL', 'NONE'] }, {}],
  ]
  for (const [what, plan, spawned] of FITS) {
    it(`serves ${what}`, () => assert.ok(fitsPlan({ ...PLAN, ...plan }, INHERITED, { ...SPAWNED, ...spawned })))
  }

  const DIFFERS: readonly (readonly [string, Partial<ServicePlan>, Partial<EntryProcess>])[] = [
    ['where another value is set', { env: { A: '2' } }, { declared: { A: '1' } }],
    ['where it lacks a variable', { env: { A: '1' } }, {}],
    ['where it has one too many', {}, { declared: { A: '1' } }],
    ['where what is set is not inherited', { env: { MODEL: 'b' }, envAllow: [] }, { allow: [] }],
    ['where it inherits too much', { envAllow: [] }, {}],
    ['where it lacks a flag', { nodeArgs: ['--x'] }, {}],
    ['where it lacks a limit of the heap', { maxHeapBytes: 1 }, {}],
    ['where it is a process and is to be a thread', { threads: true }, {}],
    ['where it is a thread and is to be a process', {}, { threads: true }],
    ['where it has no GPU', { gpus: ['0'] }, {}],
  ]
  for (const [what, plan, spawned] of DIFFERS) {
    it(`is replaced ${what}`, () => assert.ok(!fitsPlan({ ...PLAN, ...plan }, INHERITED, { ...SPAWNED, ...spawned })))
  }
})
