import { loadOwn } from '../bootstrap/load-own.js'
import type { OwnPools } from '../bootstrap/own-pools.js'
import { createError } from '../errors/service-error.js'
import type { Logger } from '../observe/logger.js'
import { once } from '../util/once.js'
import { sharedSlot } from '../util/shared-state.js'
import type { HostSession } from './host-session.js'
import { lateTransport } from './late-transport.js'

interface Holder {
  current: { readonly pools: OwnPools; mounts: number } | undefined
}

/** The pools that this process supervises itself, for one mount more: the last that leaves ends them. */
export function ownSession(log: Logger): HostSession {
  const holder = sharedSlot('own-pools', (): Holder => ({ current: undefined }))
  holder.current ??= {
    pools: new (loadOwn<typeof import('../bootstrap/own-pools.js')>('own-pools').OwnPools)(log),
    mounts: 0,
  }
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
    slot: pools.slot,
    requests: pools.requests,
    use: (definition) => {
      const transport = pools.use(definition)
      return lateTransport(async () => {
        // The pool may have gone with this mount.
        if (hasLeft) throw createError('EKB_ERR_MOUNT_CLOSED', { service: definition.name })
        return transport
      })
    },
    hold: () => pools.hold(),
    join: () => pools.join(),
    isReady: () => pools.isReady(),
    metrics: () => pools.metrics(),
    onDrain: () => pools.onDrain(),
    own: { connect: () => pools.connect(), leave },
  }
}
