import type { Mount } from '@ekiben/core/adapter'
import type { FastifyError, FastifyInstance } from 'fastify'
import { sendAnswer } from './send-answer.js'

/** What the app's parsers refuse is answered as `ekiben serve` does; other errors stay the app's. */
export function answerParserErrors(scope: FastifyInstance, mount: Mount): void {
  scope.setErrorHandler<FastifyError>((error, { headers, id }, reply) => {
    if (error.code?.startsWith('FST_ERR_CTP_') !== true) throw error
    return sendAnswer(reply, mount.refuseBody(error, { headers, requestId: id }))
  })
}
