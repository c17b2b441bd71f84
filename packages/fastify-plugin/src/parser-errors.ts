import { createError, type Mount } from '@ekiben/core/adapter'
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify'
import { sendAnswer } from './send-answer.js'

/** What the app's parsers refuse is answered as `ekiben serve` does; other errors stay the app's. */
export function answerParserErrors(scope: FastifyInstance, mount: Mount): void {
  scope.setErrorHandler<FastifyError>((error, request, reply) => {
    const ours = toOurs(error, request)
    if (ours === undefined) throw error
    return sendAnswer(reply, mount.refuse(ours, mount.requestId({ headers: request.headers, requestId: request.id })))
  })
}

function toOurs({ code, message }: FastifyError, request: FastifyRequest): Error | undefined {
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return createError('EKB_ERR_BODY_TOO_LARGE', { limit: request.routeOptions.bodyLimit ?? 0 })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return createError('EKB_ERR_MEDIA_TYPE', {
        received: request.headers['content-type'] ?? 'none',
        expected: 'application/json',
      })
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return createError('EKB_ERR_BODY_INVALID', { reason: message })
    default:
      return undefined
  }
}
