import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createError } from '../errors/service-error.js'
import type { Vitals, WorkerIdentity } from '../ipc/protocol.js'
import type { Diagnosis } from '../ipc/watch-line.js'
import { monotonicMs } from '../util/monotonic.js'
import { type ProcessFacts, processFacts } from './process-facts.js'
import { ignore } from './runtime-dir.js'
import { selectOldDumps } from './select-old-dumps.js'

/** What a dump needs to know of a worker. */
export interface DumpableWorker {
  readonly identity: WorkerIdentity
  readonly pid: number | undefined
  readonly state: string
  readonly threadId: number | undefined
  readonly record: { readonly vitals?: Vitals; readonly heardAt?: number }
  diagnose(): Promise<Diagnosis | string>
}

export interface WorkerDump {
  readonly path: string
  /** The innermost frames of what it was doing; undefined: it cannot be known, or it waits for something to do. */
  readonly top: string | undefined
  /** Why nothing is known from inside. */
  readonly note: string | undefined
}

/** The content of the file, as JSON. */
interface DumpFile extends WorkerIdentity {
  readonly at: string
  readonly reason: string
  readonly pid: number | undefined
  /** Missing: it has its process for itself. */
  readonly threadId?: number
  readonly state: string
  readonly process: ProcessFacts | null
  /** What it said last by itself, and how long ago. */
  readonly lastHeartbeat: (Vitals & { readonly agoMs: number }) | null
  /** Why there is nothing from inside. */
  readonly note?: string
  /** null, like all that follows: not to be known. */
  readonly stack: Diagnosis['stack'] | null
  readonly calls: Diagnosis['calls'] | null
  readonly handles: Diagnosis['resources'] | null
  readonly heap: Diagnosis['heap'] | null
  readonly memory: Diagnosis['memory'] | null
}

/** How many frames a line of the log shows. */
const TOP_FRAMES = 3

/**
 * Writes what goes on in a worker to `dumps/` in the instance's folder: also while its event loop is blocked, and what
 * can be seen from outside where even that fails. Rejects with a coded error when it cannot be written.
 */
export async function dumpWorker(worker: DumpableWorker, folder: string, reason = 'asked for'): Promise<WorkerDump> {
  const { identity, pid, threadId, state, record } = worker
  const before = pid === undefined ? undefined : await processFacts(pid)
  const found = await diagnose(worker, before)
  // Whatever kept it from answering may have begun meanwhile.
  const facts = typeof found === 'string' && pid !== undefined ? await processFacts(pid) : before
  const at = new Date().toISOString()
  const { vitals, heardAt = 0 } = record
  const content: DumpFile = {
    at,
    reason,
    ...identity,
    pid,
    ...(threadId !== undefined && { threadId }),
    state,
    process: facts ?? null,
    lastHeartbeat: vitals === undefined ? null : { ...vitals, agoMs: Math.round(monotonicMs() - heardAt) },
    ...(typeof found === 'string' ? { ...UNKNOWN, note: noteOf(found, facts) } : contentOf(found)),
  }
  const name = `${at.replaceAll(':', '-')}-${identity.service}-${identity.slot}-${pid ?? 'none'}.json`
  const path = await write(join(folder, 'dumps'), name, content)
  return { path, top: topOf(content.stack ?? []), note: content.note }
}

/** Where in the user's code it is: Node's own frames, and those without a file, tell less. */
function topOf(stack: readonly string[]): string | undefined {
  const known = stack.filter((frame) => !/node:|<anonymous>\)?$/.test(frame))
  return (known.length > 0 ? known : stack).slice(0, TOP_FRAMES).join(' < ') || undefined
}

const UNKNOWN = { stack: null, calls: null, handles: null, heap: null, memory: null }

function contentOf({ stack, calls, resources, heap, memory }: Diagnosis) {
  return { stack, calls, handles: resources, heap, memory }
}

/** No thread of a stopped process can answer. */
function diagnose(worker: DumpableWorker, facts: ProcessFacts | undefined): Promise<Diagnosis | string> {
  if (facts?.isStopped === true) return Promise.resolve('it is stopped')
  return worker.diagnose()
}

function noteOf(reason: string, facts: ProcessFacts | undefined): string {
  const seen = facts === undefined ? 'its process is not to be seen' : `its process is ${facts.state}`
  return `Nothing from inside the worker (${reason}; ${seen}): it has just started, is stopped, or its main thread runs native code that cannot be interrupted.`
}

async function write(folder: string, name: string, content: DumpFile): Promise<string> {
  const path = join(folder, name)
  try {
    await mkdir(folder, { mode: 0o700 }).catch(ignore('EEXIST'))
    await writeFile(path, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
    for (const old of selectOldDumps(await readdir(folder))) await rm(join(folder, old), { force: true })
    return path
  } catch (cause) {
    throw createError('EKB_ERR_DUMP_FAILED', { path, reason: (cause as Error).message }, { cause })
  }
}
