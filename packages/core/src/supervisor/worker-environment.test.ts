import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { workerEnvironment } from './worker-environment.js'

const identity = { instance: 'shop', service: 'Embedder', slot: 1, generation: 3 }
const environment = (input: Partial<Parameters<typeof workerEnvironment>[0]>): Record<string, string> =>
  workerEnvironment({ inherited: {}, declared: {}, identity, token: 'secret', gpus: undefined, ...input })

describe('workerEnvironment', () => {
  it('says who the worker is', () => {
    assert.deepEqual(environment({}), {
      NODE_ENV: 'production',
      EKIBEN_INSTANCE: 'shop',
      EKIBEN_SERVICE: 'Embedder',
      EKIBEN_SLOT: '1',
      EKIBEN_GENERATION: '3',
      NODE_APP_INSTANCE: '1',
      EKIBEN_WORKER_TOKEN: 'secret',
    })
  })

  it("lets the operating system's value win over a declared one", () => {
    const made = environment({
      inherited: { MODEL: 'large', NODE_ENV: 'staging' },
      declared: { MODEL: 'small', BATCH: '8' },
    })
    assert.equal(made.MODEL, 'large')
    assert.equal(made.BATCH, '8')
    assert.equal(made.NODE_ENV, 'staging')
  })

  it('sets the GPUs of the slot unless they are preset', () => {
    assert.equal(environment({ gpus: '2' }).CUDA_VISIBLE_DEVICES, '2')
    assert.equal(environment({ gpus: '2', inherited: { CUDA_VISIBLE_DEVICES: '0' } }).CUDA_VISIBLE_DEVICES, '0')
  })

  it('keeps the descriptors and sockets of the supervisor to itself', () => {
    const inherited = { LISTEN_FDS: '1', LISTEN_PID: '7', NOTIFY_SOCKET: '/run/n', NODE_CHANNEL_FD: '3', PATH: '/bin' }
    const names = Object.keys(environment({ inherited }))
    assert.deepEqual(
      names.filter((name) => Object.hasOwn(inherited, name)),
      ['PATH'],
    )
  })

  const ports: readonly (readonly [
    standsFor: readonly number[],
    isAny: boolean,
    preset: object,
    PORT: string | undefined,
  ])[] = [
    [[4000, 4001], false, { PORT: '5000' }, '4000'],
    [[], false, {}, undefined],
    [[], false, { PORT: '0' }, '0'],
    [[], true, {}, '3000'],
    [[], true, { PORT: '' }, '3000'],
    [[], true, { PORT: '0' }, '3000'],
    [[], true, { PORT: '5000' }, '5000'],
    [[], true, { PORT: '/run/app.sock' }, '/run/app.sock'],
  ]
  for (const [standsFor, isAny, preset, PORT] of ports) {
    const which = `${standsFor.join() || (isAny ? 'any' : 'none')}, with ${JSON.stringify(preset)}`
    it(`tells an app its port: ${which}`, () => {
      const made = environment({ inherited: { ...preset }, appPorts: { standsFor, isAny } })
      assert.deepEqual([made.EKIBEN_APP_PORTS, made.PORT], [standsFor.join(), PORT])
    })
  }
})
