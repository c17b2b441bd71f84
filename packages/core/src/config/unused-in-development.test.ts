import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OPTIONS } from './options.js'
import { type DevelopmentProcess, unusedInDevelopment, warnUnusedInDevelopment } from './unused-in-development.js'

const service: DevelopmentProcess = { isApp: false, isApart: false, entry: 'Front' }
const app: DevelopmentProcess = { isApp: true, isApart: false, entry: 'shop' }
const apart = (run: DevelopmentProcess): DevelopmentProcess => ({ ...run, isApart: true })

const ALL = [service, apart(service), app, apart(app)]
const NONE: readonly DevelopmentProcess[] = []

/** Where each setting has an effect. */
const EFFECTS: readonly (readonly [path: string, effectIn: readonly DevelopmentProcess[]])[] = [
  ...OPTIONS.filter(({ key }) => key !== 'envAllow').map(
    ({ key, needs }) => [key, needs === 'pools' ? NONE : ALL] as const,
  ),
  ['workers.Back', NONE],
  ['envAllow', [apart(service), apart(app)]],
  ['depends.Back', ALL],
  ['cors.origins', ALL],
  ['supervision.keepAliveDrainMs', ALL],
  ['supervision.bootTimeoutMs', [apart(service), apart(app)]],
  ['supervision.drainTimeoutMs', [apart(service), apart(app)]],
  ['supervision.maxRequests', NONE],
  ['supervision.restart.maxMs', NONE],
  ['services.Front.env.A', [service, apart(service)]],
  ['services.Back.env.A', [service, apart(service)]],
  ['services.Front.traffic.timeoutMs', [service, apart(service)]],
  ['services.Back.traffic.timeoutMs', NONE],
  ['services.Front.threads', NONE],
  ['services.Front.nodeArgs', NONE],
  ['services.shop.env.A', [service, apart(service), apart(app)]],
  ['services.shop.nodeArgs', [apart(app)]],
  ['services.shop.maxHeapBytes', [apart(app)]],
  ['services.shop.maxRequests', NONE],
]

describe('unusedInDevelopment', () => {
  for (const [path, effectIn] of EFFECTS) {
    it(`knows where ${path} has an effect`, () => {
      for (const run of ALL) {
        const isUsed = effectIn.some((each) => each.isApp === run.isApp && each.isApart === run.isApart)
        const expected = isUsed ? [] : [{ path, source: 'file x' }]
        assert.deepEqual(unusedInDevelopment({ [path]: 'file x' }, run), expected, JSON.stringify(run))
      }
    })
  }

  it('lets pass what nobody has given', () => {
    const sources = Object.fromEntries(OPTIONS.map(({ key }) => [key, 'default']))
    for (const run of ALL) assert.deepEqual(unusedInDevelopment(sources, run), [])
  })

  it('knows the settings of services with dots in their names', () => {
    const given = (...keys: string[]) => Object.fromEntries(keys.map((key) => [`services.${key}`, 'flag --set']))
    const front = { ...service, entry: 'acme.front' }
    const used = given('acme.front.env.A', 'acme.front.traffic.timeoutMs', 'acme.back.env.B')
    assert.deepEqual(unusedInDevelopment(used, front), [])
    const unused = given('acme.front.threads', 'acme.back.traffic.timeoutMs')
    assert.deepEqual(
      unusedInDevelopment(unused, front).map(({ path }) => path),
      Object.keys(unused),
    )
    assert.deepEqual(unusedInDevelopment(given('acme.shop.nodeArgs'), { ...apart(app), entry: 'acme.shop' }), [])
  })

  it('takes any service for the entry as long as that is not known', () => {
    const run = { ...service, entry: undefined }
    assert.deepEqual(unusedInDevelopment({ 'services.Back.traffic.timeoutMs': 'flag --set' }, run), [])
  })
})

describe('warnUnusedInDevelopment', () => {
  it('tells of all in one line, by where they were given', () => {
    const lines: unknown[] = []
    const log = { warn: (...line: unknown[]) => void lines.push(line) }
    const sources = {
      apiWorkers: 'file x',
      user: 'variable EKIBEN_USER',
      'supervision.surge': 'file x',
      port: 'file x',
    }
    warnUnusedInDevelopment(sources, service, log)
    const [[fields, message]] = lines as [[object, string]]
    assert.deepEqual(fields, { code: 'EKB_ERR_CONFIG_DEVELOPMENT' })
    assert.match(message, /: apiWorkers, supervision\.surge \(file x\); user \(variable EKIBEN_USER\)$/)
    assert.equal(lines.length, 1)
  })

  it('says nothing where there is nothing to say', () => {
    warnUnusedInDevelopment({ port: 'file x' }, service, { warn: () => assert.fail('it was told') })
  })
})
