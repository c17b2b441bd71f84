import { createError, type Mount } from '@ekiben/core/adapter'
import type { FastifyInstance } from 'fastify'
import { type AppMount, mountsOf } from './app-mounts.js'

/** How much of Fastify's limit for a hook is left for saying what took so long. */
const OWN_SHARE = 0.9

/** Starts, drains and stops a mount with its app, whose `root` knows of the others. No hook may resolve to a value: Fastify takes one for an error. */
export function addLifecycle(app: FastifyInstance, root: FastifyInstance, mount: Mount): void {
  app.addHook('onReady', async () => {
    const all = mountsOf(root)
    try {
      await startInTime(all, root.initialConfig.pluginTimeout ?? 0)
    } catch (error) {
      // Whoever asked for ready() may not call close(). One that still starts is not waited for.
      const closed = Promise.allSettled(all.map((each) => each.mount.close()))
      if ((error as { code?: unknown }).code !== 'EKB_ERR_MOUNT_SLOW_START') await closed
      throw error
    }
  })
  app.addHook('preClose', async () => mount.beginDrain())
  app.addHook('onClose', async () => mount.close())
}

/** All at once: each of them is asked for more than once, and starts once. */
async function startInTime(all: readonly AppMount[], timeoutMs: number): Promise<void> {
  if (timeoutMs === 0) return startAll(all)
  let timer: NodeJS.Timeout | undefined
  // Before anything starts, which may take its time in one go: Fastify's own clock runs already.
  const late = new Promise<void>((resolve, reject) => {
    timer = setTimeout(() => {
      // Its supervisor waits, for as long as a boot may take.
      if (all.every(({ mount }) => mount.isSupervised)) return resolve()
      const services = all.flatMap((each) => each.services).map(({ name }) => name)
      reject(createError('EKB_ERR_MOUNT_SLOW_START', { services, timeoutMs, setting: 'pluginTimeout of Fastify()' }))
    }, timeoutMs * OWN_SHARE)
  })
  try {
    await Promise.race([startAll(all), late])
  } finally {
    clearTimeout(timer)
  }
}

async function startAll(all: readonly AppMount[]): Promise<void> {
  await Promise.all(all.map(({ mount }) => mount.ready()))
}
