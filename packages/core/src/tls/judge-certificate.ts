import { createError, type ServiceError } from '../errors/service-error.js'
import type { PlanWarning } from '../plan/serve-plan.js'

/** What is looked at in a certificate. Times are milliseconds since the epoch. */
export interface CertificateFacts {
  readonly file: string
  readonly subject: string
  readonly validFrom: number
  readonly validTo: number
}

const DAY_MS = 86_400_000
/** Who renews by hand has to hear of it early; what renews by itself has done so by then. */
const WARN_DAYS = 14

/** Why clients would not accept it at that time; undefined: they would. */
export function refuseCertificate(facts: CertificateFacts, now: number): ServiceError | undefined {
  const { file, subject, validFrom, validTo } = facts
  if (validTo < now) return createError('EKB_ERR_TLS_EXPIRED', { file, subject, at: toDay(validTo) })
  if (validFrom > now) return createError('EKB_ERR_TLS_NOT_YET_VALID', { file, subject, at: toDay(validFrom) })
  return undefined
}

/** It is about to expire; an authority's may have done so. */
export function expiryWarnings({ file, subject, validTo }: CertificateFacts, now: number): PlanWarning[] {
  const days = Math.floor((validTo - now) / DAY_MS)
  if (days >= WARN_DAYS) return []
  const when = days < 0 ? 'has expired' : days < 1 ? 'expires within a day' : `expires in ${days} days`
  const message = `The certificate of ${subject} in ${file} ${when}, on ${toDay(validTo)}`
  return [{ code: 'EKB_WRN_TLS_EXPIRES_SOON', message }]
}

function toDay(time: number): string {
  return new Date(time).toISOString()
}
