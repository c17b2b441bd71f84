import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chooseInstance } from './choose-instance.js'

const found = (...names: string[]) => ({
  runtimeDir: '/run/x',
  instances: names.map((instance) => ({ instance, folder: `/run/x/${instance}`, owner: { pid: 1, startTime: '1' } })),
})

describe('chooseInstance', () => {
  it('takes the only one, or the one that is named', () => {
    assert.equal(chooseInstance(found('a'), undefined).instance, 'a')
    assert.equal(chooseInstance(found('a', 'b'), 'b').instance, 'b')
  })

  it('asks which of several', () => {
    assert.throws(() => chooseInstance(found('a', 'b'), undefined), {
      code: 'EKB_ERR_INSTANCE_AMBIGUOUS',
      message: '2 instances are running: a, b',
    })
  })

  it('says what runs where none is meant', () => {
    assert.throws(() => chooseInstance(found(), undefined), { code: 'EKB_ERR_INSTANCE_NOT_FOUND', message: /\/run\/x/ })
    assert.throws(() => chooseInstance(found('a'), 'c'), { code: 'EKB_ERR_INSTANCE_NOT_FOUND', hint: 'Running: a.' })
  })
})
