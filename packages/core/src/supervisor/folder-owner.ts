import { lstat, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isAlive, type ProcessIdentity } from '../util/process-identity.js'
import { CALLS_FOLDER } from './calls-folder.js'
import { ignore } from './runtime-dir.js'
import { workersAmong } from './worker-ledger.js'

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
  return ownerAmong(await namesIn(folder))
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(ignore('ENOENT', 'ENOTDIR', 'EACCES'))) ?? []
}

function ownerAmong(names: readonly string[]): ProcessIdentity | undefined {
  return names.map((name) => identityIn(OWNER_FILE, name)).find((owner) => owner !== undefined)
}

/** Who clears up, and what becomes of workers that run on although their supervisor is dead. */
export interface ClearingUp {
  readonly self: ProcessIdentity
  readonly endWorkers: (workers: readonly ProcessIdentity[]) => Promise<void>
}

/** Removes the folders below `runtimeDir` whose owners are dead. Leaves the living, and what is not ours to judge. */
export async function removeDeadFolders(runtimeDir: string, clearing: ClearingUp): Promise<void> {
  const folders = (await readdir(runtimeDir)).map((name) => join(runtimeDir, name))
  await Promise.all(folders.map(async (folder) => (await isPrivate(folder)) && removeIfDead(folder, clearing)))
}

/** A folder of another user in a shared place could be swapped for a link while we empty it: never touch one. */
export async function isPrivate(folder: string): Promise<boolean> {
  const facts = await lstat(folder).catch(ignore('ENOENT'))
  // Where workers run as another user, their group may pass through.
  return facts?.isDirectory() === true && facts.uid === process.getuid?.() && (facts.mode & 0o767) === 0o700
}

async function removeIfDead(folder: string, { self, endWorkers }: ClearingUp): Promise<void> {
  // One look for both: a folder that another has made anew meanwhile lists living workers.
  const names = await namesIn(folder)
  const owner = ownerAmong(names)
  if (owner === undefined) return removeIfCutShort(folder)
  if (await isAlive(owner)) return
  await endWorkers(workersAmong(names))
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
    if (name === CALLS_FOLDER) await removeFlat(join(folder, name))
    else if (name !== ownerFile) await rm(join(folder, name), { recursive: true, force: true })
  }
  await unlink(join(folder, ownerFile)).catch(ignore('ENOENT'))
  // Once it is empty a new instance of that name may move in.
  await rmdir(folder).catch(ignore('ENOENT', 'ENOTEMPTY', 'EEXIST'))
}

/** It is another user's, who could put a link in the place of a folder in it while we went down: no step below it. */
async function removeFlat(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) await unlink(join(folder, name)).catch(ignore('ENOENT', 'EISDIR', 'EPERM'))
  await rmdir(folder).catch(ignore('ENOENT', 'ENOTEMPTY', 'EEXIST'))
}
