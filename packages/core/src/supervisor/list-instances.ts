import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isAlive, type ProcessIdentity } from '../util/process-identity.js'
import { isPrivate, readFolderOwner } from './folder-owner.js'
import { type Environment, findRuntimeDir } from './runtime-dir.js'

/** An instance of this user whose supervisor lives. */
export interface FoundInstance {
  readonly instance: string
  readonly folder: string
  readonly owner: ProcessIdentity
}

export interface FoundInstances {
  /** The folder that was looked at. */
  readonly runtimeDir: string
  /** By name. */
  readonly instances: readonly FoundInstance[]
}

/** The instances that run, as their folders tell; changes nothing. */
export async function listInstances(env: Environment): Promise<FoundInstances> {
  const { path: runtimeDir, exists } = await findRuntimeDir(env)
  const names = exists ? (await readdir(runtimeDir)).sort() : []
  // A folder that is still being made starts with a dot.
  const found = await Promise.all(names.filter((name) => !name.startsWith('.')).map((name) => look(runtimeDir, name)))
  return { runtimeDir, instances: found.filter((instance) => instance !== undefined) }
}

async function look(runtimeDir: string, instance: string): Promise<FoundInstance | undefined> {
  const folder = join(runtimeDir, instance)
  // Anyone could make a folder in a shared place, and answer in an instance's stead.
  if (!(await isPrivate(folder))) return undefined
  const owner = await readFolderOwner(folder)
  return owner !== undefined && (await isAlive(owner)) ? { instance, folder, owner } : undefined
}

/** Has it left its folder? */
export async function isGone({ folder, owner }: FoundInstance, endsProcess: boolean): Promise<boolean> {
  if (endsProcess) return !(await isAlive(owner))
  const current = await readFolderOwner(folder)
  return current?.pid !== owner.pid || current.startTime !== owner.startTime
}
