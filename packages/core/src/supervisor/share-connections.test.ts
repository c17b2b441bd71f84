import assert from 'node:assert/strict'
import { it } from 'node:test'
import { excessConnections } from './share-connections.js'

const busy = (connections: number) => ({ connections, loopUtilization: 0.9 })
const quiet = (connections: number) => ({ connections, loopUtilization: 0.1 })

it('asks of a busy worker what it has above an equal share', () => {
  assert.deepEqual(excessConnections([busy(31), busy(1)]), [15, 0])
  assert.deepEqual(excessConnections([busy(0), busy(40), busy(8)]), [0, 24, 0])
  assert.deepEqual(excessConnections([busy(100), busy(100), quiet(0)]), [33, 33, 0])
})

it('leaves small differences alone', () => {
  assert.deepEqual(excessConnections([busy(17), busy(15)]), [0, 0])
  assert.deepEqual(excessConnections([busy(3), busy(1)]), [0, 0])
  assert.deepEqual(excessConnections([busy(109), busy(91)]), [0, 0])
  assert.deepEqual(excessConnections([busy(18), busy(14)]), [2, 0])
})

it('leaves a worker alone that has time for all of its connections', () => {
  assert.deepEqual(excessConnections([quiet(400), busy(10)]), [0, 0])
})

it('asks nothing of one that is alone, or of none', () => {
  assert.deepEqual(excessConnections([busy(500)]), [0])
  assert.deepEqual(excessConnections([]), [])
})
