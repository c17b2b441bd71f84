import { CATALOGUE, type ErrorCode, type ErrorRow } from '../errors/catalogue.js'
import { EXIT } from '../errors/exit-codes.js'
import { createError, isServiceError, type ServiceError } from '../errors/service-error.js'
import type { WorkerRecord } from '../worker/worker-handle.js'

/** How a worker ended, in a few words: `code 1`, `signal SIGKILL`, `killed: not ready in time`. */
export function describeExit(record: Readonly<WorkerRecord>): string {
  if (record.failure !== undefined) return `failed to boot (${record.failure.stage}): ${record.failure.error.message}`
  if (record.bootTimedOut === true) return 'killed: not ready in time'
  if (record.forced === true) return 'killed: not drained in time'
  const { exit } = record
  if (exit === undefined) return 'abandoned: it did not end when it was killed'
  if (exit.error !== undefined) return `could not be started: ${exit.error.message}`
  if (exit.signal !== null) return `signal ${exit.signal}`
  return `code ${exit.code}`
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
  return row.exitCode === EXIT.loadFailed || row.exitCode === EXIT.usage
}
