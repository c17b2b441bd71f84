import { chmod, chown, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createError } from '../errors/service-error.js'

/** Where workers that run as another user make their sockets: in an instance's folder, and theirs alone. */
export const CALLS_FOLDER = 'calls'

export interface WorkerIds {
  readonly uid: number
  readonly gid: number
}

/** Makes that folder, and a way to it: names on the way can be passed by, not listed. */
export async function makeCallsFolder(instanceFolder: string, { uid, gid }: WorkerIds): Promise<void> {
  const calls = join(instanceFolder, CALLS_FOLDER)
  await mkdir(calls, { mode: 0o700 })
  await chown(calls, uid, gid)
  await chown(instanceFolder, -1, gid)
  await chmod(instanceFolder, 0o710)
}

/** Lets other users pass through our runtime folder; refuses where they cannot pass on the way to it. */
export async function openTheWay(runtimeDir: string, ids: WorkerIds): Promise<void> {
  const { uid, mode } = await stat(runtimeDir)
  if (uid === process.getuid?.()) await chmod(runtimeDir, (mode & 0o7777) | 0o011)
  for (let path = runtimeDir; ; path = dirname(path)) {
    if (!mayPass(await stat(path), ids)) {
      const reason = `the workers, as user id ${ids.uid}, cannot pass through ${path}`
      throw createError('EKB_ERR_RUNTIME_DIR', { path: runtimeDir, reason })
    }
    if (path === dirname(path)) return
  }
}

interface Access {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

function mayPass(folder: Access, { uid, gid }: WorkerIds): boolean {
  if (uid === 0) return true
  if (folder.uid === uid) return (folder.mode & 0o100) !== 0
  return (folder.mode & (folder.gid === gid ? 0o010 : 0o001)) !== 0
}
