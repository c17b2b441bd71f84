import assert from 'node:assert/strict'
import { availableParallelism, totalmem } from 'node:os'
import { describe, it } from 'node:test'
import { readMachine } from './read-machine.js'

describe('readMachine', () => {
  it('reads this machine', async () => {
    const machine = await readMachine({})
    assert.ok(machine.cpuCount >= 1 && machine.cpuCount <= availableParallelism())
    assert.ok(machine.memoryLimitBytes !== undefined && machine.memoryLimitBytes > 0)
    assert.ok(machine.memoryLimitBytes <= totalmem())
    assert.equal(machine.cudaVisibleDevices, undefined)
  })

  const LISTED: readonly (readonly [string, number])[] = [
    ['0,1', 2],
    ['GPU-8932f937', 1],
    ['', 0],
    ['-1', 0],
    ['0,-1,2', 1],
  ]
  for (const [devices, count] of LISTED) {
    it(`counts CUDA_VISIBLE_DEVICES='${devices}' as ${count}`, async () => {
      const machine = await readMachine({ CUDA_VISIBLE_DEVICES: devices })
      assert.equal(machine.gpuCount, count)
      assert.equal(machine.cudaVisibleDevices, devices)
    })
  }
})
