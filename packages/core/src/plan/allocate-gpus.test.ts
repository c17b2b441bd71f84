import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isServiceError } from '../errors/service-error.js'
import { allocateGpus, type GpuRequest } from './allocate-gpus.js'

const request = (service: string, workers: number, gpu: number): GpuRequest => ({ service, workers, gpu })
const allocate = (available: number | undefined, ...requests: GpuRequest[]) =>
  Object.fromEntries(allocateGpus(requests, available))

describe('allocateGpus', () => {
  it('gives whole GPUs to each worker in slot order', () => {
    assert.deepEqual(allocate(4, request('A', 2, 1), request('B', 1, 2)), { A: ['0', '1'], B: ['2,3'] })
  })

  it('packs fractions until a GPU is full', () => {
    assert.deepEqual(allocate(2, request('A', 4, 0.5)), { A: ['0', '0', '1', '1'] })
    assert.deepEqual(allocate(1, request('A', 3, 1 / 3)), { A: ['0', '0', '0'] })
    assert.deepEqual(allocate(1, request('A', 10, 0.1)), { A: Array.from({ length: 10 }, () => '0') })
  })

  it('lets services share what fractions leave, and keeps whole ones apart', () => {
    const shared = allocate(3, request('A', 1, 0.6), request('B', 1, 1), request('C', 1, 0.4), request('D', 1, 0.5))
    assert.deepEqual(shared, { A: ['0'], B: ['1'], C: ['0'], D: ['2'] })
  })

  const TOO_MANY: readonly (readonly [string, number, readonly GpuRequest[], RegExp])[] = [
    ['none there', 0, [request('A', 1, 0.5)], /'A' needs 0\.5 GPU\(s\) for its workers; 0 are free/],
    ['one worker too many', 1, [request('A', 2, 1)], /'A' needs 2 GPU\(s\) for its workers; 1 are free/],
    ['taken by another', 2, [request('A', 2, 1), request('B', 1, 1)], /'B' needs 1 GPU\(s\).*; 0 are free/],
    ['a part taken', 1, [request('A', 1, 0.5), request('B', 1, 1)], /'B' needs 1 GPU\(s\).*; 0\.5 are free/],
    ['fractions that fit no single GPU', 1, [request('A', 2, 0.6)], /'A' needs 1\.2 GPU\(s\).*; 1 are free/],
  ]
  for (const [title, available, requests, message] of TOO_MANY) {
    it(`refuses: ${title}`, () => {
      assert.throws(
        () => allocateGpus(requests, available),
        (error) => isServiceError(error, 'EKB_ERR_PLAN_GPU') && message.test(error.message),
      )
    })
  }

  it('refuses nothing where the number is not known', () => {
    assert.deepEqual(allocate(undefined, request('A', 3, 1)), { A: ['0', '1', '2'] })
  })
})
