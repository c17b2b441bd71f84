import { createError } from '../errors/service-error.js'
import type { ServicePlan } from '../plan/serve-plan.js'
import { deferred } from '../util/deferred.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import { bootError } from './worker-exit.js'

export interface DeploymentOptions {
  readonly service: ServicePlan
  /** Gives the start up: the process is killed. */
  readonly signal: AbortSignal
}

/** Spawns the short process that runs `onDeploy`; resolves when it ended well, rejects with why it did not. */
export async function awaitDeployment(worker: WorkerHandle, { service, signal }: DeploymentOptions): Promise<void> {
  const { promise, resolve } = deferred()
  const onAbort = (): void => worker.kill()
  signal.addEventListener('abort', onAbort, { once: true })
  worker.spawn({
    onAnnounced: () => {},
    onState: (_worker, { to }) => {
      if (to === 'exited') resolve()
    },
    onTerminated: onAbort,
    onWithdrawn: () => {},
  })
  if (signal.aborted) worker.kill()
  await promise
  signal.removeEventListener('abort', onAbort)
  if (signal.aborted) throw createError('EKB_ERR_STOPPED_BEFORE_READY', {})
  const { record, lastOutput } = worker
  if (record.exit?.code === 0 && record.failure === undefined) return
  const { bootTimeoutMs } = service.supervision
  throw bootError({ service: service.name, slot: 0, bootTimeoutMs, record, lastOutput })
}
