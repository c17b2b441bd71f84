import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createError } from '../errors/service-error.js'
import { isAlive, type ProcessIdentity, processIdentity } from '../util/process-identity.js'
import { CALLS_FOLDER, makeCallsFolder, openTheWay, type WorkerIds } from './calls-folder.js'
import { endLeftovers } from './end-leftovers.js'
import {
  type ClearingUp,
  ownerFileName,
  preparedPrefix,
  readFolderOwner,
  removeDeadFolders,
  removeFolder,
} from './folder-owner.js'
import { type Environment, openRuntimeDir, runtimeDirError } from './runtime-dir.js'
import { WorkerLedger } from './worker-ledger.js'

export interface InstanceFolderOptions {
  readonly env: Environment
  /** The name wanted. */
  readonly instance: string
  /** The user chose the name: where a living instance has it, fail instead of adding a number. Default false. */
  readonly explicit?: boolean
  /** Whose folder it is: once that process is dead, the next start removes it. */
  readonly pid: number
  /** Whom the workers run as, where it is not the supervisor's own user: they make their sockets. */
  readonly workers?: WorkerIds | undefined
  /** Workers of a dead supervisor still run: their end is waited for. */
  readonly onLeftovers?: (pids: readonly number[]) => void
}

/** The private folder (0700) of a running instance: its sockets, and who owns it. */
export interface InstanceFolder {
  readonly path: string
  /** The name it got. */
  readonly instance: string
  /** The processes that must not outlive the instance. */
  readonly ledger: WorkerLedger
  /** Where the socket of this slot goes; one key, one path. */
  socketPath(slotKey: string): string
  /** Removes a socket of this folder, if it is there. */
  removeSocket(path: string): void
  /** Removes the folder and all in it; what fails is left to the next start. */
  remove(): Promise<void>
}

/** The kernel takes 107 bytes (macOS 103), and Node 20 would cut a longer path in silence. */
const SOCKET_PATH_LIMIT = 100

const INSTANCE_NAME = /^[A-Za-z0-9][\w.-]{0,62}$/

/** Another start may hold a dead folder for a moment, to clear it. */
const CLEARING_TRIES = 50
const CLEARING_PAUSE_MS = 20

/** Makes the folder of an instance, and removes those that dead ones left. */
export async function createInstanceFolder(options: InstanceFolderOptions): Promise<InstanceFolder> {
  const { env, instance, pid, workers, onLeftovers } = options
  if (!INSTANCE_NAME.test(instance)) throw instanceNameError(instance)
  const runtimeDir = await openRuntimeDir(env)
  try {
    const self = await processIdentity(pid)
    if (self === undefined) throw new Error(`there is no process ${pid} to own a folder in it`)
    if (workers !== undefined) await openTheWay(runtimeDir, workers)
    const clearing = { self, endWorkers: (left: readonly ProcessIdentity[]) => endLeftovers(left, onLeftovers) }
    await removeDeadFolders(runtimeDir, clearing)
    const name = await takeName({ ...options, runtimeDir, self, clearing })
    return folderOf({ path: join(runtimeDir, name), instance: name, self, workers })
  } catch (error) {
    throw runtimeDirError(runtimeDir, error)
  }
}

interface NameRequest extends InstanceFolderOptions {
  readonly runtimeDir: string
  readonly self: ProcessIdentity
  readonly clearing: ClearingUp
}

/** Prepares the folder beside and renames it to the first free name, so that none is ever seen without its owner. */
async function takeName(request: NameRequest): Promise<string> {
  const { runtimeDir, instance, explicit = false, self, workers } = request
  const prepared = await mkdtemp(join(runtimeDir, preparedPrefix(self)))
  try {
    // Too long a path must fail here, not at the first worker.
    socketPathIn(callsFolder(join(runtimeDir, instance), workers), '')
    await writeFile(join(prepared, ownerFileName(self)), `${JSON.stringify({ ...self, instance })}\n`)
    if (workers !== undefined) await makeCallsFolder(prepared, workers)
    for (let number = 1; ; number++) {
      const name = number === 1 ? instance : `${instance}-${number}`
      const folder = join(runtimeDir, name)
      const taken = await moveInto(prepared, folder, request)
      if (taken === undefined) return name
      if (explicit) throw nameTakenError(taken, { folder, name })
    }
  } catch (error) {
    await rm(prepared, { recursive: true, force: true })
    throw error
  }
}

interface Taken {
  /** undefined: it is no instance's folder. */
  readonly owner: ProcessIdentity | undefined
}

/** Renames onto a path that is free or empty; otherwise says whose it is. */
async function moveInto(
  prepared: string,
  folder: string,
  { runtimeDir, clearing }: NameRequest,
): Promise<Taken | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      await rename(prepared, folder)
      return undefined
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error
    }
    const owner = await readFolderOwner(folder)
    if (tries === CLEARING_TRIES || !(await isBeingCleared(folder, owner))) return { owner }
    await delay(CLEARING_PAUSE_MS)
    await removeDeadFolders(runtimeDir, clearing)
  }
}

/** Will it be free soon, or is it meanwhile? */
async function isBeingCleared(folder: string, owner: ProcessIdentity | undefined): Promise<boolean> {
  if (owner === undefined) return isCleared(folder)
  // Who clears a folder has put its own name on the file, over what the dead owner wrote in it.
  return !(await isAlive(owner)) || !(await wroteItsFile(folder, owner))
}

async function isCleared(folder: string): Promise<boolean> {
  return readdir(folder).then(
    (names) => names.length === 0,
    ({ code }: NodeJS.ErrnoException) => code === 'ENOENT',
  )
}

async function wroteItsFile(folder: string, owner: ProcessIdentity): Promise<boolean> {
  const text = await readFile(join(folder, ownerFileName(owner)), 'utf8').catch(() => '')
  return text.startsWith(`{"pid":${owner.pid},"startTime":"${owner.startTime}",`)
}

interface OwnFolder {
  readonly path: string
  readonly instance: string
  readonly self: ProcessIdentity
  readonly workers: WorkerIds | undefined
}

function folderOf({ path, instance, self, workers }: OwnFolder): InstanceFolder {
  const calls = callsFolder(path, workers)
  return {
    path,
    instance,
    ledger: new WorkerLedger(path),
    socketPath: (slotKey) => socketPathIn(calls, slotKey),
    removeSocket: (socket) => {
      if (dirname(socket) === calls) rmSync(socket, { force: true })
    },
    remove: () => removeFolder(path, self).catch(() => undefined),
  }
}

function callsFolder(path: string, workers: WorkerIds | undefined): string {
  return workers === undefined ? path : join(path, CALLS_FOLDER)
}

function socketPathIn(folder: string, slotKey: string): string {
  const hash = createHash('sha256').update(slotKey).digest('hex').slice(0, 12)
  const path = join(folder, `${hash}.sock`)
  const bytes = Buffer.byteLength(path)
  if (bytes <= SOCKET_PATH_LIMIT) return path
  throw createError('EKB_ERR_SOCKET_PATH_TOO_LONG', { path, bytes, limit: SOCKET_PATH_LIMIT })
}

function nameTakenError({ owner }: Taken, { folder, name }: { readonly folder: string; readonly name: string }): Error {
  if (owner !== undefined) return createError('EKB_ERR_INSTANCE_RUNNING', { instance: name, pid: owner.pid })
  return createError('EKB_ERR_RUNTIME_DIR', { path: folder, reason: "something that is no instance's folder is there" })
}

function instanceNameError(instance: string): Error {
  const expected = 'up to 63 letters, digits, _ . and -, a letter or digit first'
  const value = `'${instance}'`
  return createError('EKB_ERR_CONFIG_INVALID', { source: 'the instance', key: 'instance', value, expected })
}
