import { rmSync } from 'node:fs'
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive, processIdentity } from '../util/process-identity.js'

/** Whose it is stands in its name: what a killed process leaves is known by it. */
const NAME = /^ekiben-uploads-(\d+)-(\w+)-\w{6}$/

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
      const [, pid, startTime] = NAME.exec(name) ?? []
      if (pid === undefined || startTime === undefined) continue
      const path = join(folder, name)
      if (!(await isOurs(path)) || (await isAlive({ pid: Number(pid), startTime }))) continue
      await rm(path, { recursive: true, force: true })
    }
  }

  async #make(): Promise<string> {
    const { startTime = 'unknown' } = (await processIdentity(process.pid)) ?? {}
    this.#made = await mkdtemp(join(tmpdir(), `ekiben-uploads-${process.pid}-${startTime}-`))
    process.off('exit', this.#onExit)
    process.on('exit', this.#onExit)
    return this.#made
  }

  readonly #onExit = (): void => {
    if (this.#made !== undefined) rmSync(this.#made, { recursive: true, force: true })
  }
}

/** Another user's, in a shared place, is not ours to judge. */
async function isOurs(path: string): Promise<boolean> {
  const facts = await lstat(path).catch(() => undefined)
  return facts?.isDirectory() === true && facts.uid === process.getuid?.()
}
