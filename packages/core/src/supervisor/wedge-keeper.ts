import type { Logger } from '../observe/logger.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import { dumpWorker } from './dump-worker.js'

export interface WedgeKeeperOptions {
  readonly log: Logger
  /** The folder of the instance. */
  readonly folder: string
  readonly now: () => number
  /** Takes it from its callers and has another take its place; called at once. */
  readonly replace: (worker: WorkerHandle) => void
  /** Is there one that serves in its place? */
  readonly isReplaced: (worker: WorkerHandle) => boolean
}

interface Wedge {
  readonly foundAt: number
  isDumped: boolean
}

/** It may come back while its successor boots, and is drained then; its callers wait no longer than this. */
const LAST_CHANCE_MS = 500

/** Sees workers whose event loop does not turn to their end: replaced first, then dumped, then killed. */
export class WedgeKeeper {
  readonly #options: WedgeKeeperOptions
  readonly #wedges = new WeakMap<WorkerHandle, Wedge>()

  constructor(options: WedgeKeeperOptions) {
    this.#options = options
  }

  /** To be told again and again, for as long as it is wedged. */
  onWedged(worker: WorkerHandle, blockedMs: number): void {
    const { now, replace, isReplaced } = this.#options
    const wedge = this.#wedges.get(worker)
    if (wedge === undefined) {
      replace(worker)
      void this.#dump(worker, blockedMs)
    } else if (wedge.isDumped && (isReplaced(worker) || now() - wedge.foundAt >= LAST_CHANCE_MS)) {
      worker.killWedged(Math.round(blockedMs))
    }
  }

  /** The folder goes when the instance stops: what matters most is said in the log too. */
  async #dump(worker: WorkerHandle, blockedMs: number): Promise<void> {
    const { log, folder, now } = this.#options
    const wedge: Wedge = { foundAt: now(), isDumped: false }
    this.#wedges.set(worker, wedge)
    const { service, slot } = worker.identity
    const fields = { service, slot, workerPid: worker.pid, blockedMs: Math.round(blockedMs) }
    try {
      const { path, top, note } = await dumpWorker(worker, folder, 'wedged')
      log.error(
        { ...fields, dump: path, ...(top !== undefined && { stack: top }), ...(note !== undefined && { note }) },
        WEDGED,
      )
    } catch (error) {
      log.error({ ...fields, err: error }, WEDGED)
    }
    wedge.isDumped = true
  }
}

const WEDGED = 'a worker is wedged: its event loop does not turn'
