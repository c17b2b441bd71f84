import { createError } from '../errors/service-error.js'
import type { Reply } from './small-server.js'

const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** The answer of `/metrics`, wherever it is asked for. */
export async function metricsReply(metrics: (() => Promise<string>) | undefined): Promise<Reply> {
  if (metrics === undefined) throw createError('EKB_ERR_NOT_IN_THIS_VERSION', { what: '/metrics' })
  return { statusCode: 200, contentType: PROMETHEUS_TYPE, body: await metrics() }
}
