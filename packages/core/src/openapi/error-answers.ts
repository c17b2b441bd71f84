import type { JsonSchema } from '../service/service-definition.js'

/** What a host answers by itself, whatever the api does; `X` stands for any digit, an api's own refusals. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  400: {
    name: 'BadRequest',
    schema: 'BadRequestError',
    description: 'The body cannot be read, or is not what the api takes',
  },
  408: { name: 'SlowRequest', description: 'The request took too long to arrive' },
  413: { name: 'TooLarge', description: 'The body has more bytes than the api takes' },
  415: { name: 'UnsupportedMediaType', description: 'The body is of a type or an encoding that the api does not take' },
  429: { name: 'TooManyRequests', description: 'Too many requests are waiting', isTransient: true },
  431: { name: 'HeadersTooLarge', description: "The request's headers are too large" },
  500: {
    name: 'InternalError',
    description: 'The server failed on this request; its log says why, under the request id',
  },
  502: { name: 'DependencyFailed', description: 'A service that the api depends on refused its part of the request' },
  503: {
    name: 'Unavailable',
    description: 'The service, or one that it depends on, is not available',
    isTransient: true,
  },
  504: { name: 'TimedOut', description: 'The request was not answered in time' },
  '4XX': { name: 'Refused', description: 'The api refuses the request, with a code of its own' },
  '5XX': { name: 'Failed', description: 'The api fails, with a code of its own' },
}

interface Refusal {
  /** Of the component. */
  readonly name: string
  readonly description: string
  /** Default: `Error`. */
  readonly schema?: string
  /** It says when to try again. */
  readonly isTransient?: true
}

/** The body of every error, as docs/http.md describes it. */
export const ERROR_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Error: {
    type: 'object',
    properties: {
      error: { type: 'string', description: 'What happened, in a sentence' },
      code: { type: 'string', description: 'What happened, for programs', examples: ['EKB_ERR_INTERNAL'] },
      statusCode: { type: 'integer', minimum: 400, maximum: 599 },
      detail: { description: 'More, where there is more to say' },
      requestId: { type: 'string', description: 'Under which the log has the rest' },
    },
    required: ['error', 'code', 'statusCode', 'requestId'],
  },
  ValidationError: {
    allOf: [{ $ref: '#/components/schemas/Error' }],
    properties: {
      code: { const: 'EKB_ERR_VALIDATION' },
      detail: { type: 'array', items: { $ref: '#/components/schemas/ValidationIssue' }, maxItems: 100 },
    },
    required: ['detail'],
  },
  ValidationIssue: {
    type: 'object',
    properties: {
      path: {
        type: 'array',
        items: { type: ['string', 'integer'] },
        description: 'Where in the input: names and indexes',
      },
      message: { type: 'string' },
    },
    required: ['path', 'message'],
  },
  BadRequestError: {
    anyOf: [{ $ref: '#/components/schemas/ValidationError' }, { $ref: '#/components/schemas/Error' }],
  },
}

/** Headers of answers. */
export const HEADERS: Readonly<Record<string, object>> = {
  RequestId: {
    description: "The request's own id where it had a valid one, else a new one",
    required: true,
    schema: { type: 'string', pattern: '^[A-Za-z0-9_.:-]{1,128}$' },
  },
  RetryAfter: { description: 'Seconds to wait before another try', schema: { type: 'integer', minimum: 0 } },
}

export const REQUEST_ID = { 'x-request-id': { $ref: '#/components/headers/RequestId' } } as const
const RETRY_AFTER = { 'retry-after': { $ref: '#/components/headers/RetryAfter' } } as const

/** The answers that apis share, as components. */
export function errorComponents(hasDependencies: boolean): object {
  return Object.fromEntries(
    refusals(hasDependencies).map(([, { name, description, schema = 'Error', isTransient }]) => [
      name,
      {
        description,
        headers: { ...REQUEST_ID, ...(isTransient && RETRY_AFTER) },
        content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
      },
    ]),
  )
}

/** Those of one api, by status. */
export function errorReferences(hasDependencies: boolean): object {
  return Object.fromEntries(
    refusals(hasDependencies).map(([status, { name }]) => [status, { $ref: `#/components/responses/${name}` }]),
  )
}

function refusals(hasDependencies: boolean): [string, Refusal][] {
  return Object.entries(REFUSALS).filter(([status]) => hasDependencies || status !== '502')
}
