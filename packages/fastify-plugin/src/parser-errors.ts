import type { Mount } from '@ekiben/core/adapter'
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify'
import { sendAnswer } from './send-answer.js'

/** What the app's parsers refuse is answered as `ekiben serve` does; other errors stay the app's. */
export function answerParserErrors(scope: FastifyInstance, mount: Mount): void {
  scope.setErrorHandler<FastifyError>((error, request, reply) => {
    if (!isOfParser(error, request)) throw error
    const { headers, id } = request
    return sendAnswer(reply, mount.refuseBody(error, { headers, requestId: id }))
  })
}

/** Does Fastify say so? The first releases of 5 hand on what their parser of JSON throws, which has no code. */
function isOfParser({ code, name, statusCode }: FastifyError, { body }: FastifyRequest): boolean {
  if (code !== undefined) return code.startsWith('FST_ERR_CTP_')
  return name === 'SyntaxError' && statusCode === 400 && body === undefined
}
