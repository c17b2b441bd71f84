import { createError } from '../errors/service-error.js'
import type { Announcement } from '../ipc/protocol.js'
import { deferred } from '../util/deferred.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import { bootError } from './worker-exit.js'

export interface AnnouncementOptions {
  readonly bootTimeoutMs: number
  /** Gives the start up: the worker is killed. */
  readonly signal: AbortSignal
}

/**
 * Spawns the first entry worker and resolves with what it announces; the worker then goes on to boot.
 * Rejects, when the worker is gone, with the reason for which there will be no graph.
 */
export function awaitAnnouncement(worker: WorkerHandle, options: AnnouncementOptions): Promise<Announcement> {
  const { promise, resolve, reject } = deferred<Announcement>()
  const { bootTimeoutMs, signal } = options
  const onAbort = (): void => worker.kill()
  signal.addEventListener('abort', onAbort, { once: true })
  let isPlanned = false
  worker.spawn({
    onAnnounced: (_worker, announcement) => {
      // What an app asks for while the plan is made.
      if (isPlanned) worker.keep(announcement)
      isPlanned = true
      signal.removeEventListener('abort', onAbort)
      resolve(announcement)
    },
    onState: (_worker, { to }) => {
      if (to !== 'exited') return
      const { record, lastOutput } = worker
      if (signal.aborted) reject(createError('EKB_ERR_STOPPED_BEFORE_READY', {}))
      else
        reject(bootError({ service: worker.identity.service || 'entry', slot: 0, bootTimeoutMs, record, lastOutput }))
    },
    onTerminated: () => worker.kill(),
    onWithdrawn: () => {},
  })
  if (signal.aborted) worker.kill()
  return promise
}
