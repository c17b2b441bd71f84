import type { SupervisionPlan } from '../plan/serve-plan.js'
import type { WorkerRecord } from '../worker/worker-record.js'

/**
 * Why a worker should be recycled now, in words; undefined: it should stay. Its limit of calls, jitter included, is
 * its own (`Vitals.callLimit`), so that it can say at once that it has come there. No minimum lifetime guards a limit
 * that is too low for the traffic: no more than `surge` workers of a service are replaced at once, and each successor
 * has to prove itself first, which slows it down enough.
 */
export function recycleReason(
  { vitals, readyAt }: Pick<WorkerRecord, 'vitals' | 'readyAt'>,
  now: number,
  { maxAgeMs, maxRssBytes }: Pick<SupervisionPlan, 'maxAgeMs' | 'maxRssBytes'>,
): string | undefined {
  if (vitals === undefined || readyAt === undefined) return undefined
  const { calls, callLimit, rssBytes } = vitals
  const ageMs = now - readyAt
  if (callLimit > 0 && calls >= callLimit) return `maxRequests: ${calls} of ${callLimit}`
  if (maxAgeMs > 0 && ageMs >= maxAgeMs) return `maxAgeMs: ${Math.round(ageMs)} of ${maxAgeMs}`
  if (maxRssBytes > 0 && rssBytes > maxRssBytes) return `maxRssBytes: ${rssBytes} of ${maxRssBytes}`
  return undefined
}
