import { readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createError, type ServiceError } from '../errors/service-error.js'
import { processIdentity } from '../util/process-identity.js'
import { startedAfter } from './pid-reuse.js'
import { ignore } from './runtime-dir.js'

export interface Pidfile {
  /** Removes it, unless somebody else has written it meanwhile. */
  remove(): Promise<void>
}

/** Of this process: a second instance in it would have the very same number. */
const held = new Set<string>()

/**
 * Writes the number of a process to a file, whole or not at all. A file of a dead process is taken over; that of a
 * living one, and a file that is no pidfile, is refused.
 */
export async function writePidfile(file: string, pid: number): Promise<Pidfile> {
  const path = resolve(file)
  try {
    await refuseTaken(path, pid)
    return await write(path, pid)
  } catch (error) {
    throw pidfileError(path, error)
  }
}

async function write(path: string, pid: number): Promise<Pidfile> {
  held.add(path)
  // Under the final name it is never seen half written.
  const prepared = `${path}.${pid}`
  try {
    await writeFile(prepared, `${pid}\n`, { mode: 0o644 })
    const { ino } = await stat(prepared)
    await rename(prepared, path)
    return { remove: () => remove({ path, pid, ino }) }
  } catch (error) {
    held.delete(path)
    // On a full disk it is there, and empty.
    await unlink(prepared).catch(() => {})
    throw error
  }
}

async function remove({ path, pid, ino }: { path: string; pid: number; ino: number }): Promise<void> {
  held.delete(path)
  const there = await stat(path).catch(() => undefined)
  if (there?.ino !== ino || (await readPid(path)) !== pid) return
  await unlink(path).catch(() => undefined)
}

async function refuseTaken(path: string, self: number): Promise<void> {
  const text = await readFile(path, 'utf8').catch(ignore('ENOENT'))
  // One that was cut short, or made beforehand for its owner and mode.
  if (text === undefined || text.trim() === '') return
  const pid = parsePid(text)
  if (pid === undefined) throw createError('EKB_ERR_PIDFILE', { path, reason: 'a file that is no pidfile is there' })
  // In a container every start gets the same number.
  if (pid === self && !held.has(path)) return
  if (!(await isRunning(pid))) return
  if (pid !== self && (await startedAfter(pid, (await stat(path)).mtimeMs))) return
  throw createError('EKB_ERR_PIDFILE_IN_USE', { path, pid })
}

async function readPid(path: string): Promise<number | undefined> {
  return parsePid(await readFile(path, 'utf8').catch(() => ''))
}

function parsePid(text: string): number | undefined {
  return /^\s*[1-9]\d{0,9}\s*$/.test(text) ? Number(text) : undefined
}

async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // Another user's, whom we may not signal.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  // One that has ended and was not collected can be signalled.
  return (await processIdentity(pid)) !== undefined
}

function pidfileError(path: string, error: unknown): ServiceError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code?.startsWith('EKB_') === true) return error as ServiceError
  return createError('EKB_ERR_PIDFILE', { path, reason: code ?? message }, { cause: error })
}
