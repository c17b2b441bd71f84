import { encodeError } from '../errors/error-codec.js'
import type { Announcement, PoolSettings } from '../ipc/protocol.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import type { Generation } from './generation.js'

export interface Growing {
  readonly generation: Generation
  readonly announcement: Announcement
  /** Starts what the plan has gained, and says how all that the app calls is to be called. */
  readonly start: () => Readonly<Record<string, PoolSettings>>
}

/** A worker of a host app calls more than was planned: plans that, and answers the worker. Never rejects. */
export async function growGeneration(
  worker: WorkerHandle,
  { generation, announcement, start }: Growing,
): Promise<void> {
  const isWhole = announcement.graph.open !== true
  try {
    generation.plan = (await generation.growth.grow(announcement)) ?? generation.plan
    worker.tell({ type: 'pools', pools: start(), isWhole })
  } catch (error) {
    worker.tell({ type: 'pools', pools: {}, isWhole, error: encodeError(error) })
  }
}
