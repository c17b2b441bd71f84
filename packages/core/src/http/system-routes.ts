import { readFile } from 'node:fs/promises'
import { openapiDocument } from '../openapi/openapi-document.js'
import { packageFile } from '../package-file.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import type { EdgeSettings } from './edge-settings.js'
import { type HttpAnswer, JSON_TYPE, TEXT_TYPE } from './http-answer.js'
import { PAGE_FILES, type PagePath, pageHeaders } from './page-files.js'
import { SYSTEM_PATHS, type SystemPath } from './route-table.js'
import { schemaDocument } from './schema-document.js'

const TEXT_HEADERS: readonly string[] = ['content-type', TEXT_TYPE]
/** As BentoML's probes say it. */
const WELL: HttpAnswer = { statusCode: 200, headers: TEXT_HEADERS, body: '\n' }
const NOT_READY: HttpAnswer = { statusCode: 503, headers: [...TEXT_HEADERS, 'retry-after', '1'], body: 'not ready\n' }

const METRICS_HEADERS: readonly string[] = ['content-type', 'text/plain; version=0.0.4; charset=utf-8']

export interface SystemRoutesOptions extends Pick<EdgeSettings, 'systemRoutes'> {
  /** What its documents tell of; asked when the first is. */
  readonly definition: () => ServiceDefinition
  readonly isReady: () => boolean
  /** The metrics of the whole instance, as text; undefined: they are told elsewhere, or nowhere. */
  readonly metrics?: (() => Promise<string>) | undefined
}

/** The routes of its own that a host answers. */
export function systemPaths({
  metrics,
  systemRoutes = 'all',
}: Pick<SystemRoutesOptions, 'metrics' | 'systemRoutes'>): readonly SystemPath[] {
  if (systemRoutes === 'none') return []
  if (systemRoutes === 'probes') return SYSTEM_PATHS.filter((path) => isProbe(path) && path !== '/metrics')
  return metrics === undefined ? SYSTEM_PATHS.filter((path) => path !== '/metrics') : SYSTEM_PATHS
}

/** Asked by machines, every few seconds: neither logged nor counted. */
export function isProbe(route: string | undefined): boolean {
  return route === '/livez' || route === '/healthz' || route === '/readyz' || route === '/metrics'
}

/** Answers the host's own routes. */
export function createSystemAnswers({
  definition,
  isReady,
  metrics,
}: SystemRoutesOptions): (path: SystemPath) => HttpAnswer | Promise<HttpAnswer> {
  let schema: HttpAnswer | undefined
  let docs: HttpAnswer | undefined
  return (path) => {
    switch (path) {
      case '/livez':
      case '/healthz':
        return WELL
      case '/readyz':
        return isReady() ? WELL : NOT_READY
      case '/schema.json':
        schema ??= jsonAnswer(schemaDocument(definition()))
        return schema
      case '/docs.json':
        docs ??= jsonAnswer(openapiDocument(definition()))
        return docs
      case '/metrics':
        return answerMetrics(metrics)
      default:
        return answerPage(path)
    }
  }
}

function jsonAnswer(document: object): HttpAnswer {
  return { statusCode: 200, headers: ['content-type', JSON_TYPE], body: JSON.stringify(document) }
}

/** Read each time: it is seldom looked at, and need not stay in the memory of every worker. */
async function answerPage(path: PagePath): Promise<HttpAnswer> {
  const body = await readFile(packageFile(`page/${PAGE_FILES[path]}`))
  return { statusCode: 200, headers: pageHeaders(path), body }
}

async function answerMetrics(metrics: SystemRoutesOptions['metrics']): Promise<HttpAnswer> {
  return { statusCode: 200, headers: METRICS_HEADERS, body: (await metrics?.()) ?? '' }
}
