import { loadOwn } from '../bootstrap/load-own.js'
import type { OwnPools } from '../bootstrap/own-pools.js'
import { createError } from '../errors/service-error.js'
import type { Logger } from '../observe/logger.js'
import { once } from '../util/once.js'
import { sharedSlot } from '../util/shared-state.js'
import { onProcessDrain } from './drain-listeners.js'
import type { HostSession, OwnSession } from './host-session.js'
import { lateTransport } from './late-transport.js'

interface Holder {
  current: { readonly pools: OwnPools; mounts: number } | undefined
}

/**
 * The pools that this process supervises itself, for one mount more: the last that leaves ends them. `worker`: of the one
 * that this process is, whose supervisor has no pools for it.
 */
export function ownSession(log: Logger, worker?: HostSession): HostSession & { readonly own: OwnSession } {
  const holder = ofProcess()
  holder.current ??= { pools: startOwnPools(log, worker), mounts: 0 }
  const { current } = holder
  current.mounts++
  let hasLeft = false
  const leave = once(async () => {
    hasLeft = true
    current.mounts--
    if (current.mounts > 0) return
    if (holder.current === current) holder.current = undefined
    await current.pools.stop()
  })
  const { pools } = current
  return {
    ...(worker ?? {
      slot: pools.slot,
      requests: pools.requests,
      hold: () => {},
      join: undefined,
      metrics: () => pools.metrics(),
      // Its app alone says when it stops.
      onDrain: onProcessDrain,
    }),
    use: (definition) => {
      const transport = pools.use(definition)
      return lateTransport(async () => {
        // The pool may have gone with this mount.
        if (hasLeft) throw createError('EKB_ERR_MOUNT_CLOSED', { service: definition.name })
        return transport
      })
    },
    isReady: () => pools.complete && (worker?.isReady() ?? true),
    own: { reach: (definition) => pools.use(definition), connect: () => pools.connect(), leave },
  }
}

/** Ends them whoever has them still: not every app has an end at which it closes its mounts. */
export async function endOwnPools(): Promise<void> {
  await ofProcess().current?.pools.stop()
}

function ofProcess(): Holder {
  return sharedSlot('own-pools', (): Holder => ({ current: undefined }))
}

/** A worker whose supervisor has no pools for it is the only one: that of an app in development. */
function startOwnPools(log: Logger, worker: HostSession | undefined): OwnPools {
  const { OwnPools } = loadOwn<typeof import('../bootstrap/own-pools.js')>('own-pools')
  return new OwnPools(log, { isOnlyWorker: worker !== undefined })
}
