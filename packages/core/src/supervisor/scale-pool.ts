import { createError } from '../errors/service-error.js'
import type { SlotSockets } from './slot-sockets.js'
import type { Watcher } from './watcher.js'

/**
 * Sets the number of workers of a service; resolves when those that are added have proved themselves and the rest were
 * told to leave. Where one that is added fails, the number is what it was before. `sockets`: those of its slots.
 */
export async function scalePool(watcher: Watcher, workers: number, sockets?: SlotSockets): Promise<void> {
  const before = watcher.target
  try {
    await sockets?.reach(workers)
    const settled = watcher.scale(workers)
    const added = watcher.slots.all.filter(({ index }) => index >= before)
    await Promise.all(added.map(({ index }) => watcher.trial(index, watcher.generation)))
    await settled
  } catch (cause) {
    if (watcher.target === workers) void watcher.scale(before)
    const { message: reason, detail } = cause as Error & { detail?: unknown }
    // Another number than before, where it was set again meanwhile.
    const { service, target } = watcher
    throw createError('EKB_ERR_SCALE_REFUSED', { service, workers, before: target, reason }, { cause, detail })
  }
}
