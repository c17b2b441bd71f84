import type { SeatCommand } from '../ipc/thread-protocol.js'
import { ThreadBackend } from './thread-backend.js'
import { ThreadHost, type ThreadHostOptions } from './thread-host.js'

export interface ThreadOptions extends ThreadHostOptions {
  /** What the thread alone has. */
  readonly thread: Omit<SeatCommand, 'type' | 'seat'>
}

/**
 * The host processes of an instance. Threads share one where nothing tells them apart that a process has only once: the
 * generation and its folder, the flags of Node, the variables (native code sees those of the process alone).
 */
export class ThreadHosts {
  /** By what is common to its threads, the newest. */
  readonly #hosts = new Map<string, ThreadHost>()
  /** Older ones too. */
  readonly #running = new Set<ThreadHost>()

  /** A worker that will be a thread, in a process that is there already or a new one. */
  makeBackend({ thread, ...options }: ThreadOptions): ThreadBackend {
    const { env, nodeArgs, cwd } = options
    const key = JSON.stringify([cwd, nodeArgs, Object.entries(env).sort()])
    return new ThreadBackend(thread, () => {
      const known = this.#hosts.get(key)
      if (known?.canSeat(thread.role)) return known
      const host = new ThreadHost(options, () => {
        this.#running.delete(host)
        if (this.#hosts.get(key) === host) this.#hosts.delete(key)
      })
      this.#hosts.set(key, host)
      this.#running.add(host)
      return host
    })
  }

  /** The public socket is given up: no thread will listen on it any more. */
  clearSockets(): void {
    for (const host of this.#running) host.clearSockets()
  }
}
