import { CATALOGUE, type ErrorCode, type ErrorRow } from '../errors/catalogue.js'
import { EXIT } from '../errors/exit-codes.js'
import { createError, isServiceError, type ServiceError } from '../errors/service-error.js'
import type { WorkerRecord } from '../worker/worker-record.js'

/** Why a worker ended, in one word: of a closed set, for metrics. */
export type ExitReason =
  | 'boot'
  | 'exit'
  | 'forced'
  | 'killed'
  | 'out-of-memory'
  | 'signal'
  | 'spawn'
  | 'uncaught'
  | 'unknown'
  | 'wedged'

export interface ExitAccount {
  readonly reason: ExitReason
  /** In a few words: `code 1`, `signal SIGSEGV`, `killed: not ready in time`. */
  readonly text: string
}

/** How a worker ended. */
export function explainExit(record: Readonly<WorkerRecord>): ExitAccount {
  return explainKill(record) ?? explainEnd(record)
}

/** The words of it alone. */
export function describeExit(record: Readonly<WorkerRecord>): string {
  return explainExit(record).text
}

/** What we did to it, or it said of itself, comes before how its process ended. */
function explainKill({
  failure,
  bootTimedOut,
  wedgedMs,
  forced,
  exit,
}: Readonly<WorkerRecord>): ExitAccount | undefined {
  if (failure !== undefined)
    return { reason: 'boot', text: `failed to boot (${failure.stage}): ${failure.error.message}` }
  if (bootTimedOut === true) return { reason: 'boot', text: 'killed: not ready in time' }
  if (wedgedMs !== undefined)
    return { reason: 'wedged', text: `wedged: its event loop did not turn for ${wedgedMs} ms` }
  if (forced === true) return { reason: 'forced', text: 'killed: not drained in time' }
  if (exit === undefined) return { reason: 'unknown', text: 'abandoned: it did not end when it was killed' }
  return undefined
}

function explainEnd({ uncaught, killed, exit }: Readonly<WorkerRecord>): ExitAccount {
  const { code = null, signal = null, error, outOf } = exit ?? {}
  if (error !== undefined) return { reason: 'spawn', text: `could not be started: ${error.message}` }
  const how = signal === null ? `code ${code}` : `signal ${signal}`
  if (outOf === 'heap')
    return { reason: 'out-of-memory', text: `out of memory: its V8 heap reached its limit (${how})` }
  if (outOf === 'memory') {
    return { reason: 'out-of-memory', text: `out of memory: killed by the kernel, which counts an oom_kill (${how})` }
  }
  if (signal === 'SIGKILL' && killed !== true)
    return { reason: 'killed', text: `${how}: killed from outside, possibly out of memory` }
  if (signal !== null) return { reason: killed === true ? 'forced' : 'signal', text: how }
  if (uncaught === undefined || code === 0) return { reason: 'exit', text: how }
  const what = uncaught.origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught error'
  return { reason: 'uncaught', text: `${what}: ${uncaught.error} (${how})` }
}

export interface FailedBoot {
  readonly service: string
  readonly slot: number
  readonly bootTimeoutMs: number
  readonly record: Readonly<WorkerRecord>
  readonly lastOutput: string
}

/** The error of a start that ends because this worker never became ready. */
export function bootError(boot: FailedBoot): ServiceError {
  const { service, slot, record, bootTimeoutMs } = boot
  const detail = boot.lastOutput === '' ? {} : { detail: { lastOutput: boot.lastOutput } }
  if (record.bootTimedOut === true) {
    const params = { service, slot, stage: record.stage, timeoutMs: bootTimeoutMs }
    return createError('EKB_ERR_WORKER_BOOT_TIMEOUT', params, detail)
  }
  const { failure } = record
  // What is wrong with the identifier, the module or the declaration is no matter of this worker.
  if (failure !== undefined && isServiceError(failure.error) && endsEveryStart(failure.error.code)) return failure.error
  const stage = failure?.stage ?? record.stage
  const reason = failure?.error.message ?? `it ended early (${describeExit(record)})`
  const cause = failure === undefined ? {} : { cause: failure.error }
  return createError('EKB_ERR_WORKER_BOOT_FAILED', { service, slot, stage, reason }, { ...detail, ...cause })
}

function endsEveryStart(code: string): boolean {
  if (!Object.hasOwn(CATALOGUE, code)) return false
  const row: ErrorRow<never> = CATALOGUE[code as ErrorCode]
  return row.exitCode === EXIT.loadFailed || row.exitCode === EXIT.usage || row.exitCode === EXIT.cannotBind
}
