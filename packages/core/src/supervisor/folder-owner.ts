import { lstat, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isAlive, type ProcessIdentity } from '../util/process-identity.js'
import { ignore } from './runtime-dir.js'

/**
 * Who owns an instance's folder stands in the *name* of a file in it. Renaming that file is how a dead owner's
 * folder changes hands: of several who try, one succeeds, and a folder that another has made anew meanwhile
 * cannot be hit, for its owner's file has another name.
 */
const OWNER_FILE = /^owner-(\d+)-(\w+)\.json$/

const PREPARED = /^\.new-(\d+)-(\w+)-/

export function ownerFileName({ pid, startTime }: ProcessIdentity): string {
  return `owner-${pid}-${startTime}.json`
}

/** How the name of a folder begins that is not ready to be seen: its maker may die before the owner's file is there. */
export function preparedPrefix({ pid, startTime }: ProcessIdentity): string {
  return `.new-${pid}-${startTime}-`
}

function identityIn(pattern: RegExp, name: string): ProcessIdentity | undefined {
  const [, pid, startTime] = pattern.exec(name) ?? []
  return pid === undefined || startTime === undefined ? undefined : { pid: Number(pid), startTime }
}

/** The owner of an instance's folder; undefined: it has none, or is gone. */
export async function readFolderOwner(folder: string): Promise<ProcessIdentity | undefined> {
  const names = await readdir(folder).catch(ignore('ENOENT', 'ENOTDIR', 'EACCES'))
  return names?.map((name) => identityIn(OWNER_FILE, name)).find((owner) => owner !== undefined)
}

/** Removes the folders below `runtimeDir` whose owners are dead. Leaves the living, and what is not ours to judge. */
export async function removeDeadFolders(runtimeDir: string, self: ProcessIdentity): Promise<void> {
  for (const name of await readdir(runtimeDir)) {
    const folder = join(runtimeDir, name)
    if (await isPrivate(folder)) await removeIfDead(folder, self)
  }
}

/** A folder of another user in a shared place could be swapped for a link while we empty it: never touch one. */
async function isPrivate(folder: string): Promise<boolean> {
  const facts = await lstat(folder).catch(ignore('ENOENT'))
  return facts?.isDirectory() === true && facts.uid === process.getuid?.() && (facts.mode & 0o777) === 0o700
}

async function removeIfDead(folder: string, self: ProcessIdentity): Promise<void> {
  const owner = await readFolderOwner(folder)
  if (owner === undefined) return removeIfCutShort(folder)
  if (await isAlive(owner)) return
  if (await takeOver(folder, owner, self)) await removeFolder(folder, self)
}

/** Without an owner's file it is none of ours (the user may keep other things there), unless its name says so. */
async function removeIfCutShort(folder: string): Promise<void> {
  const maker = identityIn(PREPARED, basename(folder))
  if (maker !== undefined && !(await isAlive(maker))) await rmdir(folder).catch(ignore('ENOENT', 'ENOTEMPTY', 'EEXIST'))
}

async function takeOver(folder: string, dead: ProcessIdentity, self: ProcessIdentity): Promise<boolean> {
  try {
    await rename(join(folder, ownerFileName(dead)), join(folder, ownerFileName(self)))
    return true
  } catch (error) {
    // Another was first, or it is another user's folder in a shared place.
    ignore('ENOENT', 'EACCES', 'EPERM')(error as NodeJS.ErrnoException)
    return false
  }
}

/** Empties and removes a folder that `owner` owns; its owner's file goes last, so that a cut leaves it recognisable. */
export async function removeFolder(folder: string, owner: ProcessIdentity): Promise<void> {
  const ownerFile = ownerFileName(owner)
  const names = await readdir(folder).catch(ignore('ENOENT'))
  for (const name of names ?? []) {
    if (name !== ownerFile) await rm(join(folder, name), { recursive: true, force: true })
  }
  await unlink(join(folder, ownerFile)).catch(ignore('ENOENT'))
  // Once it is empty a new instance of that name may move in.
  await rmdir(folder).catch(ignore('ENOENT', 'ENOTEMPTY', 'EEXIST'))
}
