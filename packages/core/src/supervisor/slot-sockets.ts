import { resolve } from 'node:path'
import { invalidSetting } from '../config/setting-errors.js'
import { slotAddress } from '../net/slot-address.js'
import { type ListenSocket, openListenSocket } from './listen-socket.js'
import { openUnixSocket } from './unix-socket.js'
import type { WorkerUser } from './worker-user.js'

const OPTION = '--worker-listen'
/** Whoever shares the group may connect, as the proxy in front of the app does. */
const MODE = 0o660

export interface SlotSocketsOptions {
  /** With the slot's number left open: see `slotAddress`. */
  readonly template: string
  /** Where the template was set. */
  readonly source: string
  readonly backlog: number
  /** Whose the files of Unix sockets are to be; undefined: ours. */
  readonly owner: Pick<WorkerUser, 'uid' | 'gid'> | undefined
}

/**
 * One listening socket for each slot of the entry service, beside the public one. The supervisor holds them as it holds
 * that: while one worker takes the place of another in its slot, who connects waits, and is not refused.
 */
export class SlotSockets {
  readonly #options: SlotSocketsOptions
  readonly #open = new Map<number, ListenSocket>()
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: SlotSocketsOptions) {
    this.#options = options
  }

  of(slot: number): ListenSocket | undefined {
    return this.#open.get(slot)
  }

  /** Opens those of the slots below `count`; rejects, and opens none of them, where one cannot be had. */
  reach(count: number): Promise<void> {
    const reached = this.#last.then(() => this.#reach(count))
    this.#last = reached.catch(() => {})
    return reached
  }

  /** Closes those of slots that are no more. */
  trim(count: number): void {
    for (const [slot, socket] of this.#open) {
      if (slot < count) continue
      this.#open.delete(slot)
      socket.close()
    }
  }

  close(): void {
    this.#isClosed = true
    this.trim(0)
  }

  async #reach(count: number): Promise<void> {
    const before = this.#open.size
    try {
      for (let slot = 0; slot < count; slot++) {
        if (!this.#open.has(slot)) this.#open.set(slot, await this.#openFor(slot))
      }
    } catch (error) {
      this.trim(before)
      throw error
    }
    if (this.#isClosed) this.trim(0)
  }

  #openFor(slot: number): Promise<ListenSocket> {
    const { template, source, backlog, owner } = this.#options
    const address = slotAddress(template, slot)
    if (address === undefined) {
      throw invalidSetting(['workerListen'], source, { value: template, expected: `an address for slot ${slot} too` })
    }
    return address.type === 'tcp'
      ? openListenSocket({ host: address.host, port: address.port, backlog, option: OPTION })
      : openUnixSocket({ path: resolve(address.path), mode: MODE, backlog, owner, option: OPTION })
  }
}
