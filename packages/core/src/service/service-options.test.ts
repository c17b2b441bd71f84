import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isServiceError } from '../errors/service-error.js'
import { checkApiOptions, checkDependencyTarget, checkServiceOptions } from './service-options.js'

const schema = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } }

describe('options of a service', () => {
  test('are passed on, sizes as bytes, undefined left out', () => {
    const create = () => ({})
    const options = {
      name: 'A',
      workers: 'cpu',
      maxHeapBytes: '300M',
      nodeArgs: ['--x'],
      env: { A: '1' },
      traffic: undefined,
    }
    const checked = checkServiceOptions({ ...options, create, module: 'file:///a.js', restart: { factor: 1.5 } }, 'A')
    assert.deepEqual(checked.settings, {
      name: 'A',
      workers: 'cpu',
      maxHeapBytes: 300 * 1024 ** 2,
      nodeArgs: ['--x'],
      env: { A: '1' },
      restart: { factor: 1.5 },
    })
    assert.equal(checked.module, 'file:///a.js')
    assert.equal(checked.create, create)
    assert.deepEqual([checked.apis, checked.dependencies], [{}, {}])
  })

  const impossible: [object, string][] = [
    [{ workers: 0 }, "Setting 'workers' (service 'A') is 0; expected a whole number of at least 1, or 'cpu'"],
    [{ workers: '4' }, "Setting 'workers' (service 'A') is '4'; expected a whole number of at least 1, or 'cpu'"],
    [
      { traffic: { timeoutMs: 0 } },
      "Setting 'traffic.timeoutMs' (service 'A') is 0; expected milliseconds, from 1 to 2147483647",
    ],
    [
      { traffic: { timeoutMs: 3e9 } },
      "Setting 'traffic.timeoutMs' (service 'A') is 3000000000; expected milliseconds, from 1 to 2147483647",
    ],
    [
      { traffic: { maxConcurrency: 1.5 } },
      "Setting 'traffic.maxConcurrency' (service 'A') is 1.5; expected a whole number of at least 1",
    ],
    [{ traffic: [] }, "Setting 'traffic' (service 'A') is an array; expected an object"],
    [
      { resources: { gpu: 1.5 } },
      "Setting 'resources.gpu' (service 'A') is 1.5; expected a whole number, or a fraction between 0 and 1",
    ],
    [
      { env: { PORT: 1 } },
      "Setting 'env' (service 'A') is an object; expected an object whose values are strings, such as { NAME: 'value' }",
    ],
    [{ nodeArgs: '--inspect' }, "Setting 'nodeArgs' (service 'A') is '--inspect'; expected an array of strings"],
    [
      { maxHeapBytes: '300 parrots' },
      "Setting 'maxHeapBytes' (service 'A') is '300 parrots'; expected a size in bytes, or text such as '300M'",
    ],
    [
      { bootTimeoutMs: Number.NaN },
      "Setting 'bootTimeoutMs' (service 'A') is NaN; expected milliseconds, from 1 to 2147483647",
    ],
    [{ restart: { factor: 0.5 } }, "Setting 'restart.factor' (service 'A') is 0.5; expected a number of at least 1"],
    [{ create: {} }, "Setting 'create' (service 'A') is an object; expected a function"],
    [{ module: new URL('file:///a') }, "Setting 'module' (service 'A') is an object; expected a string"],
    [{ apis: [] }, "Setting 'apis' (service 'A') is an array; expected an object"],
  ]
  for (const [options, message] of impossible) {
    test(message, () => {
      assert.throws(() => checkServiceOptions(options, 'A'), { code: 'EKB_ERR_CONFIG_INVALID', message })
    })
  }

  test('an unknown key is named, with near ones', () => {
    assert.throws(
      () => checkServiceOptions({ wrokers: 2 }, 'A'),
      (error) =>
        isServiceError(error, 'EKB_ERR_CONFIG_UNKNOWN') &&
        /workers\?/.test(error.hint ?? '') &&
        /Unknown setting 'wrokers'/.test(error.message),
    )
    assert.throws(
      () => checkServiceOptions({ traffic: { timeout: 2 } }, 'A'),
      (error) =>
        isServiceError(error, 'EKB_ERR_CONFIG_UNKNOWN') && /Unknown setting 'traffic.timeout'/.test(error.message),
    )
    assert.throws(() => checkServiceOptions({ constructor: 1 }, 'A'), { code: 'EKB_ERR_CONFIG_UNKNOWN' })
  })

  test('must be an object', () => {
    for (const options of ['A', [], null, 3]) {
      assert.throws(() => checkServiceOptions(options, 'A'), { code: 'EKB_ERR_CONFIG_INVALID' })
    }
  })
})

describe('options of an api', () => {
  const place = { service: 'A', method: 'run' }

  test('schemas: Standard Schema as object or function, JSON Schema', () => {
    for (const input of [schema, Object.assign(() => {}, schema), { type: 'object' }, {}]) {
      checkApiOptions({ input, output: input }, place)
    }
    for (const input of ['string', null, [], () => {}, { '~standard': {} }]) {
      assert.throws(() => checkApiOptions({ input }, place), { code: 'EKB_ERR_CONFIG_INVALID' })
    }
  })

  test('routes are literal paths', () => {
    for (const route of ['/', '/a/b', '/v1/classify.json', '/~a']) checkApiOptions({ route }, place)
    for (const route of ['', 'a', '/a b', '/a?b', '/:id', '/*', '/a#b', 3]) {
      assert.throws(() => checkApiOptions({ route }, place), { code: 'EKB_ERR_CONFIG_INVALID' })
    }
  })

  test('other values', () => {
    checkApiOptions(
      { idempotent: true, stream: false, mediaType: 'image/png', bodyLimit: '1M', description: '' },
      place,
    )
    for (const options of [
      { idempotent: 1 },
      { stream: 'yes' },
      { mediaType: 'png' },
      { bodyLimit: 0 },
      { description: 1 },
      true,
    ]) {
      assert.throws(() => checkApiOptions(options, place), { code: 'EKB_ERR_CONFIG_INVALID' })
    }
  })

  test('batch is reserved, unknown keys are named', () => {
    assert.throws(() => checkApiOptions({ batch: {} }, place), { code: 'EKB_ERR_NOT_IN_THIS_VERSION' })
    assert.throws(() => checkApiOptions({ rout: '/x' }, place), {
      code: 'EKB_ERR_CONFIG_UNKNOWN',
      message: "Unknown setting 'apis.run.rout' (service 'A')",
    })
  })
})

test('a remote target is checked, others are left to the graph', () => {
  const place = { service: 'A', property: 'b' }
  checkDependencyTarget({ url: 'http://b:3000', forwardHeaders: ['authorization'] }, place)
  for (const target of [undefined, 'B', {}, class {}]) checkDependencyTarget(target, place)
  for (const target of [
    { url: 'b:3000' },
    { url: 'nowhere' },
    { url: 'http://b', headers: [] },
    { url: 'http://b?a=1' },
    { url: 'http://b', service: 'B' },
    { url: 'http://b', forwardHeaders: 'authorization' },
    { url: 'http://b', forwardHeaders: ['a b'] },
    { url: 'http://b', forwardHeaders: ['Content-Length'] },
    { url: 'http://b', forwardHeaders: ['x-request-id'] },
  ]) {
    assert.throws(() => checkDependencyTarget(target, place), { code: /^EKB_ERR_CONFIG_(INVALID|UNKNOWN)$/ })
  }
  assert.throws(() => checkDependencyTarget({ url: 'ftp://u:secret@b' }, place), /is 'ftp:\/\/\*\*\*@b'/)
})
