import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { entryFile } from '../entry-file.js'
import { createError } from '../errors/service-error.js'
import type { WorkerIds } from './calls-folder.js'
import type { WorkerAccount } from './worker-environment.js'

/** Whom workers run as instead of the supervisor's own user. */
export interface WorkerUser extends WorkerIds, WorkerAccount {}

export interface WantedUser {
  /** A name or an id; undefined: the supervisor's own. */
  readonly user: string | undefined
  /** A name or an id; undefined: the user's own. */
  readonly group: string | undefined
}

/** The first file that a worker runs. */
const ENTRY = entryFile('worker/entry/process-entry')

type Database = 'passwd' | 'group'
const FILES: Record<Database, string> = { passwd: '/etc/passwd', group: '/etc/group' }

/** Finds the user and group that workers are to run as; undefined where none is wanted. */
export async function findWorkerUser({ user, group }: WantedUser): Promise<WorkerUser | undefined> {
  if (user === undefined && group === undefined) return undefined
  const own = process.getuid?.() ?? 0
  if (own !== 0)
    throw createError('EKB_ERR_USER_DENIED', { option: user === undefined ? '--group' : '--user', uid: own })
  const account = await findUser(user ?? String(own))
  const gid = group === undefined ? account.gid : await findGroup(group)
  // Whose id is nobody's has no group of its own, and must not keep root's.
  if (gid === undefined) throw createError('EKB_ERR_USER_UNKNOWN', { kind: 'user', name: user ?? String(own) })
  const found = { ...account, gid }
  if (!(await mayRead(found, ENTRY))) throw createError('EKB_ERR_USER_CANNOT_READ', { user: found.name, path: ENTRY })
  return found
}

/** Asked of the system as that user: modes alone do not tell. True too where there is no `test` to ask by. */
async function mayRead({ uid, gid }: WorkerUser, path: string): Promise<boolean> {
  return promisify(execFile)('test', ['-r', path], { uid, gid, cwd: '/' }).then(
    () => true,
    ({ code }: { code?: unknown }) => code !== 1,
  )
}

async function findUser(wanted: string): Promise<WorkerAccount & { uid: number; gid: number | undefined }> {
  const entry = await lookUp('passwd', wanted)
  if (entry !== undefined) {
    const [name = wanted, , uid, gid, , home] = entry
    return { name, uid: Number(uid), gid: Number(gid), home: home || '/' }
  }
  if (!isId(wanted)) throw createError('EKB_ERR_USER_UNKNOWN', { kind: 'user', name: wanted })
  return { name: wanted, uid: Number(wanted), gid: undefined, home: '/' }
}

async function findGroup(wanted: string): Promise<number> {
  const entry = isId(wanted) ? undefined : await lookUp('group', wanted)
  const gid = isId(wanted) ? wanted : entry?.[2]
  if (gid === undefined) throw createError('EKB_ERR_USER_UNKNOWN', { kind: 'group', name: wanted })
  return Number(gid)
}

/** A line of the system's files, or of what else it asks (LDAP and the like), by name or id. */
async function lookUp(database: Database, wanted: string): Promise<string[] | undefined> {
  const text = await readFile(FILES[database], 'utf8').catch(() => '')
  return find(text, wanted) ?? find(await getent(database, wanted), wanted)
}

function find(text: string, wanted: string): string[] | undefined {
  const entries = text.split('\n').map((line) => line.split(':'))
  // A name of digits is a name first.
  return entries.find(([name]) => name === wanted) ?? entries.find(([, , id]) => id === wanted)
}

async function getent(database: Database, wanted: string): Promise<string> {
  const found = await promisify(execFile)('getent', [database, wanted]).catch(() => undefined)
  return found?.stdout ?? ''
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text)
}
