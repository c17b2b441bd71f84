import { rmSync } from 'node:fs'
import { lstat, mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive, processIdentity } from '../util/process-identity.js'

/** Whose it is stands in its name: what a killed process leaves is known by it. */
const NAME = /^ekiben-uploads-(\d+)-(\w+)-(\d+)-\w{6}$/
/** So long nobody has touched a folder of a process that cannot be seen from here, and it is taken for dead. */
const DEAD_AFTER_MS = 24 * 60 * 60_000

/**
 * The private folder (0700) of this process for what is too large for its memory, below the folder for temporary files
 * (`TMPDIR`). Made on first use, gone at the end; when the process is killed, the next one to listen clears it.
 */
export class SpoolFolder {
  #path: Promise<string> | undefined
  #made: string | undefined

  /** A path in it for a new file. */
  async pathOf(name: string): Promise<string> {
    const known = this.#path
    const path = await known?.catch(() => undefined)
    // What cleans folders for temporary files up may have taken one that was not used for days.
    const isThere = path !== undefined && (await lstat(path).catch(() => undefined)) !== undefined
    // Of several who find it gone, one makes it anew.
    if (!isThere && this.#path === known) this.#path = this.#make()
    return join((await this.#path) as string, name)
  }

  /** Removes it with all that is in it. Never rejects: what cannot be removed is left to the next process. */
  async remove(): Promise<void> {
    await this.#path?.catch(() => undefined)
    if (this.#made === undefined) return
    process.off('exit', this.#onExit)
    const path = this.#made
    this.#made = undefined
    this.#path = undefined
    await rm(path, { recursive: true, force: true }).catch(() => undefined)
  }

  /** Removes what processes left that are gone. */
  async clearDead(): Promise<void> {
    const folder = tmpdir()
    for (const name of await readdir(folder)) {
      const [, pid, startTime, namespace] = NAME.exec(name) ?? []
      if (pid === undefined || startTime === undefined) continue
      const path = join(folder, name)
      const touchedAt = await lastTouch(path)
      if (touchedAt === undefined) continue
      // Of another container that shares this folder, the number means somebody else here.
      const isUsed =
        namespace === (await pidNamespace())
          ? await isAlive({ pid: Number(pid), startTime })
          : Date.now() - touchedAt < DEAD_AFTER_MS
      if (!isUsed) await rm(path, { recursive: true, force: true })
    }
  }

  async #make(): Promise<string> {
    const { startTime = 'unknown' } = (await processIdentity(process.pid)) ?? {}
    this.#made = await mkdtemp(join(tmpdir(), `ekiben-uploads-${process.pid}-${startTime}-${await pidNamespace()}-`))
    process.off('exit', this.#onExit)
    process.on('exit', this.#onExit)
    return this.#made
  }

  readonly #onExit = (): void => {
    if (this.#made !== undefined) rmSync(this.#made, { recursive: true, force: true })
  }
}

/** When something last came to or went from a folder of ours. Another user's, in a shared place, is not ours to judge. */
async function lastTouch(path: string): Promise<number | undefined> {
  const facts = await lstat(path).catch(() => undefined)
  return facts?.isDirectory() === true && facts.uid === process.getuid?.() ? facts.mtimeMs : undefined
}

/** Among whom a process's number is its own: a container has numbers of its own. 0 where the system has one such set. */
async function pidNamespace(): Promise<string> {
  const link = await readlink('/proc/self/ns/pid').catch(() => '')
  return /\d+/.exec(link)?.[0] ?? '0'
}
