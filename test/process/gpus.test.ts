import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { call, failFixture, serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Shown {
  readonly slot: string
  readonly devices: string | null
}

/** Runs what follows where /dev names that many GPUs; where there is a driver, its own list would count. */
const withGpus = (count: number): readonly string[] => {
  const devices = Array.from({ length: count }, (_, index) => `touch /mnt/nvidia${index}`)
  const script = [
    'set -e; mount -t tmpfs none /mnt',
    'for name in null zero random urandom; do touch "/mnt/$name"; mount --bind "/dev/$name" "/mnt/$name"; done',
    ...devices,
    'mount --bind /mnt /dev; exec "$@"',
  ]
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script.join('\n'), 'sh']
}

async function mayMount(): Promise<boolean> {
  const [command = '', ...args] = [...withGpus(1), 'test', '-e', '/dev/nvidia0']
  return promisify(execFile)(command, args).then(
    () => true,
    () => false,
  )
}

/** What each of so many workers sees, by slot. */
async function devicesOf(url: string, of: string, workers: number): Promise<(string | null)[]> {
  const seen = new Map<string, string | null>()
  await waitUntil(
    async () => {
      const { slot, devices } = (await call<Shown>(url, 'show', { of })).body
      return seen.set(slot, devices).size === workers
    },
    { describe: () => `${workers} workers of ${of}, seen: ${JSON.stringify([...seen])}` },
  )
  return [...seen].sort(([a], [b]) => Number(a) - Number(b)).map(([, devices]) => devices)
}

describe('resources.gpu', () => {
  it('gives each worker GPUs of its own, or a share, where nobody else says which', async (t) => {
    if (!(await mayMount())) return t.skip('this machine lets us make no mount namespace')
    await using server = await serveFixture('gpus:Front', [], { under: withGpus(4) })
    assert.deepEqual(await devicesOf(server.url, 'half', 3), ['0', '0', '1'])
    assert.deepEqual(await devicesOf(server.url, 'two', 1), ['2,3'])
    assert.deepEqual(await devicesOf(server.url, 'preset', 1), ['7'])
    assert.equal((await call<Shown>(server.url, 'own')).body.devices, null)
    assert.equal(await server.stop(), 0)
  })

  it('is refused before anything starts where there are too few', async (t) => {
    if (!(await mayMount())) return t.skip('this machine lets us make no mount namespace')
    const { code, stderr } = await failFixture('gpus:Front', [], { under: withGpus(3) })
    assert.equal(code, 2)
    assert.match(stderr, /EKB_ERR_PLAN_GPU/)
  })

  it('leaves what the system sets', async () => {
    const env = { CUDA_VISIBLE_DEVICES: '4,5' }
    await using server = await serveFixture('gpus:Front', [], { env })
    assert.deepEqual(await devicesOf(server.url, 'half', 3), ['4,5', '4,5', '4,5'])
    assert.deepEqual(await devicesOf(server.url, 'preset', 1), ['4,5'])
    assert.equal(await server.stop(), 0)
  })
})
