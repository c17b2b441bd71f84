import { createError } from '../errors/service-error.js'

/** What a service asks for. */
export interface GpuRequest {
  readonly service: string
  readonly workers: number
  /** For each worker: a whole number, or a fraction below 1 of one GPU. */
  readonly gpu: number
}

/** Rounding must not keep three thirds from one GPU. */
const EPSILON = 1e-9

/**
 * `CUDA_VISIBLE_DEVICES` of each worker by service, in slot order: whole numbers take GPUs of their own, fractions
 * share one until it is full. `available` undefined: nobody knows, so nothing is refused.
 */
export function allocateGpus(requests: readonly GpuRequest[], available: number | undefined): Map<string, string[]> {
  /** What is left of each GPU, by its number. */
  const free: number[] = []
  const limit = available ?? Number.POSITIVE_INFINITY
  const allocated = new Map<string, string[]>()
  for (const request of requests) {
    const left = available === undefined ? 0 : roundedSum(free) + (limit - free.length)
    const devices = Array.from({ length: request.workers }, () => {
      const taken = request.gpu < 1 ? takeFraction(free, limit, request.gpu) : takeWhole(free, limit, request.gpu)
      if (taken !== undefined) return taken.join(',')
      const needed = roundedSum([request.gpu * request.workers])
      throw createError('EKB_ERR_PLAN_GPU', { service: request.service, needed, available: left })
    })
    allocated.set(request.service, devices)
  }
  return allocated
}

function takeFraction(free: number[], limit: number, share: number): number[] | undefined {
  // A GPU that nobody uses yet is kept for whoever needs a whole one.
  let device = free.findIndex((left) => left < 1 - EPSILON && left >= share - EPSILON)
  if (device === -1) device = freshDevice(free, limit)
  if (device === -1) return undefined
  free[device] = (free[device] as number) - share
  return [device]
}

function takeWhole(free: number[], limit: number, count: number): number[] | undefined {
  const devices: number[] = []
  while (devices.length < count) {
    const device = freshDevice(free, limit)
    if (device === -1) return undefined
    free[device] = 0
    devices.push(device)
  }
  return devices
}

/** The next GPU that nobody uses; -1: there is none. */
function freshDevice(free: number[], limit: number): number {
  if (free.length >= limit) return -1
  return free.push(1) - 1
}

function roundedSum(shares: readonly number[]): number {
  return Math.round(shares.reduce((sum, share) => sum + share, 0) * 100) / 100
}
