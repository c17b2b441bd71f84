import { getHeapStatistics } from 'node:v8'
import type { Diagnosis } from '../../ipc/watch-line.js'
import type { CallsView } from '../../runner/calls-in-flight.js'
import { sharedSlot } from '../../util/shared-state.js'

const STACK_LIMIT = 100

/** Deposits the function that the watch thread has evaluated in the main thread, in the middle of whatever that does. */
export function offerDiagnosis(calls: CallsView): void {
  sharedSlot('diagnose', () => () => JSON.stringify(diagnose(calls)))
}

/** No code of the user's runs here: it may be the one that hangs. */
function diagnose(calls: CallsView): Diagnosis {
  const now = performance.now()
  return {
    stack: takeStack(),
    calls: calls.running.map(({ api, request, startedAt }) => ({
      api,
      ageMs: Math.round(now - startedAt),
      requestId: request.requestId,
    })),
    resources: countEach(process.getActiveResourcesInfo()),
    heap: { ...getHeapStatistics() },
    memory: { ...process.memoryUsage() },
  }
}

/** What was interrupted: the frames below the last of ours. */
function takeStack(): readonly string[] {
  const { stackTraceLimit, prepareStackTrace } = Error
  // The user may have set their own.
  Error.stackTraceLimit = STACK_LIMIT
  Reflect.deleteProperty(Error, 'prepareStackTrace')
  const lines = (new Error().stack ?? '').split('\n').map((line) => line.trim())
  Error.stackTraceLimit = stackTraceLimit
  if (prepareStackTrace !== undefined) Error.prepareStackTrace = prepareStackTrace
  return lines.slice(lines.findIndex(isEvaluation) + 1).map((line) => line.replace(/^at /, ''))
}

/** The frame of the evaluated expression itself has no file. */
function isEvaluation(line: string): boolean {
  return /^at <anonymous>:\d+:\d+$/.test(line)
}

function countEach(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
