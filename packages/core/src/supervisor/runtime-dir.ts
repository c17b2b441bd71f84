import type { Stats } from 'node:fs'
import { lstat, mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { createError } from '../errors/service-error.js'
import { chooseRuntimeDir, type FolderFacts, type RuntimeDir, refuseRuntimeDir } from './choose-runtime-dir.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** Path of the folder that holds this user's instances, made if need be; refuses one that others could tamper with. */
export async function openRuntimeDir(env: Environment): Promise<string> {
  const dir = await locate(env)
  try {
    await (dir.kind === 'given' ? makeFolders(dir.path) : makeFolder(dir.path))
    await refuseUnsafe(dir)
  } catch (error) {
    throw runtimeDirError(dir.path, error)
  }
  return dir.path
}

/** The same folder for who only looks: nothing is made; it may not exist. */
export async function findRuntimeDir(env: Environment): Promise<{ readonly path: string; readonly exists: boolean }> {
  const dir = await locate(env)
  try {
    await refuseUnsafe(dir)
    return { path: dir.path, exists: true }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { path: dir.path, exists: false }
    throw runtimeDirError(dir.path, error)
  }
}

async function locate(env: Environment): Promise<RuntimeDir> {
  const chosen = chooseRuntimeDir({ env, uid: userId(), xdgExists: await isFolder(env.XDG_RUNTIME_DIR) })
  // A worker may run in another working directory than the supervisor.
  return { ...chosen, path: resolve(chosen.path) }
}

async function refuseUnsafe(dir: RuntimeDir): Promise<void> {
  const reason = refuseRuntimeDir(dir, await factsOf(dir), userId())
  if (reason !== undefined) throw createError('EKB_ERR_RUNTIME_DIR', { path: dir.path, reason })
}

function userId(): number {
  return process.getuid?.() ?? 0
}

/** A failed file operation below the runtime folder, with its code; an error that has one of ours stays. */
export function runtimeDirError(path: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException
  if (code?.startsWith('EKB_') === true) return error as Error
  return createError('EKB_ERR_RUNTIME_DIR', { path, reason: message }, { cause: error })
}

/** For `.catch`: lets failures with these codes pass. */
export function ignore(...codes: readonly string[]): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code === undefined || !codes.includes(error.code)) throw error
    return undefined
  }
}

/** Nothing is changed where it exists already. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch(ignore('EEXIST'))
}

/** Makes what is missing above, too. (Node's own recursive mkdir never ends where a parent takes no folders: /proc.) */
async function makeFolders(path: string): Promise<void> {
  try {
    await makeFolder(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolders(dirname(path))
    await makeFolder(path)
  }
}

async function factsOf({ path, kind }: RuntimeDir): Promise<FolderFacts> {
  const itself = await lstat(path)
  const isLink = itself.isSymbolicLink()
  const meant: Stats = isLink && kind === 'given' ? await stat(path) : itself
  return {
    linkUid: isLink ? itself.uid : undefined,
    isDirectory: meant.isDirectory(),
    uid: meant.uid,
    mode: meant.mode,
  }
}

async function isFolder(path: string | undefined): Promise<boolean> {
  if (!path) return false
  const stats = await stat(path).catch(() => undefined)
  return stats?.isDirectory() === true
}
