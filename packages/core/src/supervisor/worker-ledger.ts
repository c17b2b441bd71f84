import { unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ProcessIdentity, processIdentity } from '../util/process-identity.js'
import type { ProcessLedger } from '../worker/worker-backend.js'

/** As with the owner of a folder, the name says it all: nothing in it can be half written. */
const WORKER_FILE = /^worker-(\d+)-(\w+)$/

/** The workers that stand in the folder of an instance, by the names in it. */
export function workersAmong(names: readonly string[]): ProcessIdentity[] {
  return names.flatMap((name) => {
    const [, pid, startTime] = WORKER_FILE.exec(name) ?? []
    return pid === undefined || startTime === undefined ? [] : [{ pid: Number(pid), startTime }]
  })
}

/**
 * Which processes an instance has started, a file each in its folder. A supervisor that is killed cannot end a
 * worker whose event loop stands still: the next start finds it here.
 */
export class WorkerLedger implements ProcessLedger {
  readonly #folder: string
  readonly #files = new Map<number, Promise<string | undefined>>()

  constructor(folder: string) {
    this.#folder = folder
  }

  async add(pid: number): Promise<void> {
    const file = this.#write(pid)
    this.#files.set(pid, file)
    await file
  }

  remove(pid: number): void {
    const file = this.#files.get(pid)
    this.#files.delete(pid)
    void file?.then((path) => (path === undefined ? undefined : unlink(path).catch(() => {})))
  }

  /** Without the file, on a full disk, the worker runs as well. */
  async #write(pid: number): Promise<string | undefined> {
    const process = await processIdentity(pid)
    if (process === undefined) return undefined
    const path = join(this.#folder, `worker-${process.pid}-${process.startTime}`)
    return writeFile(path, '').then(
      () => path,
      () => undefined,
    )
  }
}
