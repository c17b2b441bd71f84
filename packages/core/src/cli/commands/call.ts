import { type ApiShape, plainShape } from '../../client/api-shape.js'
import { baseUrl } from '../../client/call-target.js'
import { type ClientError, isClientError } from '../../client/client-error.js'
import { callOverHttp } from '../../client/client-methods.js'
import type { ClientOptions } from '../../client/client-types.js'
import { findShape } from '../../client/connect-client.js'
import { fetchSchema } from '../../client/fetch-schema.js'
import { createError, ServiceError } from '../../errors/service-error.js'
import { formatAnswer, formatItem } from '../format-answer.js'
import { parseFiles, parseHeaders, parseTimeout } from '../parse-call.js'
import { printWhole } from '../print.js'
import { readCallInput } from '../read-call-input.js'

export interface CallInput {
  readonly url: string
  /** Its name, or its route. */
  readonly api: string
  readonly input: string | undefined
  readonly timeout?: string
  readonly header?: readonly string[]
  readonly file?: readonly string[]
}

/** `ekiben call`: calls an api of a server and prints its answer. */
export async function call({ url, api, input, timeout, header = [], file = [] }: CallInput): Promise<number> {
  const timeoutMs = parseTimeout(timeout)
  const client: ClientOptions = { headers: parseHeaders(header), ...(timeoutMs !== undefined && { timeoutMs }) }
  const files = parseFiles(file)
  try {
    const base = baseUrl(url)
    const shape = await shapeOf(base, api, client)
    const answer = callOverHttp({ base, shape, client }, await readCallInput({ input, files }, shape), {})
    await printAnswer(await answer)
    return 0
  } catch (error) {
    throw isClientError(error) ? toCommandError(error, `${url} ${api}`) : error
  }
}

/** What the server says of the api; a host without system routes says nothing. */
async function shapeOf(base: string, api: string, client: ClientOptions): Promise<ApiShape> {
  const isRoute = api.startsWith('/')
  let shapes: ReadonlyMap<string, ApiShape>
  try {
    shapes = await fetchSchema(base, client)
  } catch (error) {
    if (!isClientError(error, 'EKB_ERR_CLIENT_SCHEMA')) throw error
    return isRoute ? { ...plainShape(api), route: api } : plainShape(api)
  }
  if (!isRoute) return findShape(shapes, api, base)
  return [...shapes.values()].find(({ route }) => route === api) ?? { ...plainShape(api), route: api }
}

async function printAnswer(value: unknown): Promise<void> {
  const isTerminal = process.stdout.isTTY === true
  if (typeof value !== 'object' || value === null || !(Symbol.asyncIterator in value)) {
    const bytes = value instanceof Blob ? new Uint8Array(await value.arrayBuffer()) : value
    await printWhole(formatAnswer(bytes, isTerminal))
    return
  }
  for await (const item of value as AsyncIterable<unknown>) {
    // Whoever read it has gone: the server need not go on.
    if (!(await printWhole(formatItem(item)))) return
  }
}

/** In the words of the command: what the server said, and its details. */
function toCommandError(error: ClientError, what: string): ServiceError {
  const { statusCode, message, code, detail, requestId, hint } = error
  if (statusCode === undefined) return new ServiceError(message, { code, ...(hint !== undefined && { hint }) })
  const underId = requestId === undefined ? '' : ` (request id ${requestId})`
  const lines = detail === undefined ? '' : `\n  detail: ${JSON.stringify(detail)}`
  const rest = `${underId}${lines}`
  if (code === 'EKB_ERR_CLIENT_REFUSED') {
    return new ServiceError(`${message}${rest}`, { code, ...(hint !== undefined && { hint }) })
  }
  return createError('EKB_ERR_CLIENT_REFUSED', { what, statusCode, reason: `${code}: ${message}${rest}` })
}
