import type { ServiceDefinition } from '../service/service-definition.js'
import { type HttpAnswer, JSON_TYPE, TEXT_TYPE } from './http-answer.js'
import type { SystemPath } from './route-table.js'
import { schemaDocument } from './schema-document.js'

const TEXT_HEADERS: readonly string[] = ['content-type', TEXT_TYPE]
/** As BentoML's probes say it. */
const WELL: HttpAnswer = { statusCode: 200, headers: TEXT_HEADERS, body: '\n' }
const NOT_READY: HttpAnswer = { statusCode: 503, headers: [...TEXT_HEADERS, 'retry-after', '1'], body: 'not ready\n' }

/** Answers the host's own routes. */
export function createSystemAnswers(
  definition: ServiceDefinition,
  isReady: () => boolean,
): (path: SystemPath) => HttpAnswer {
  let schema: HttpAnswer | undefined
  return (path) => {
    switch (path) {
      case '/livez':
      case '/healthz':
        return WELL
      case '/readyz':
        return isReady() ? WELL : NOT_READY
      case '/schema.json':
        schema ??= {
          statusCode: 200,
          headers: ['content-type', JSON_TYPE],
          body: JSON.stringify(schemaDocument(definition)),
        }
        return schema
    }
  }
}
