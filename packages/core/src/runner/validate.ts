import type { ErrorObject } from 'ajv'
import { createError } from '../errors/service-error.js'
import type { AnySchema, JsonSchema } from '../service/service-definition.js'
import type { StandardIssue, StandardResult } from '../service/standard-schema.js'
import { isBinary, isStandardSchema } from './schema-kind.js'

const FILE_KEYWORD = 'x-ekiben-file'

/** Checks a value: at once, or later where the schema has asynchronous parts. */
export type Validator = (value: unknown) => StandardResult<unknown> | Promise<StandardResult<unknown>>

export interface ValidatorSource {
  readonly service: string
  readonly api: string
  readonly side: 'input' | 'output'
}

/** The validator of a schema; undefined where there is nothing to check. Throws on a JSON Schema that is none. */
export function createValidator(schema: AnySchema | undefined, source: ValidatorSource): Validator | undefined {
  if (schema === undefined) return undefined
  if (isStandardSchema(schema)) {
    const standard = schema['~standard']
    return (value) => standard.validate(value)
  }
  // A whole body of bytes: JSON Schema has no words for it.
  if (isBinary(schema)) return undefined
  return compileJsonSchema(schema, source)
}

function compileJsonSchema(schema: JsonSchema, { service, api, side }: ValidatorSource): Validator {
  const Ajv = loadAjv(schema)
  // Defaults are filled in what came over the wire, never in what the method returned.
  const options = { allErrors: true, strict: false, validateFormats: false, useDefaults: side === 'input' }
  try {
    const ajv = new Ajv(options)
    ajv.addKeyword({ keyword: FILE_KEYWORD, validate: (_: unknown, value: unknown) => value instanceof Blob })
    const check = ajv.compile(askForFiles(schema) as JsonSchema)
    return (value) => (check(value) ? { value } : { issues: (check.errors ?? []).map(toIssue) })
  } catch (cause) {
    const value = `no valid JSON Schema: ${cause instanceof Error ? cause.message : String(cause)}`
    const params = { source: `service '${service}'`, key: `apis.${api}.${side}`, value, expected: 'one that compiles' }
    throw createError('EKB_ERR_CONFIG_INVALID', params, { cause })
  }
}

/** In JSON Schema's words a file is a string: what comes in its place is a web `File`. */
function askForFiles(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(askForFiles)
  if (typeof node !== 'object' || node === null) return node
  if (isBinary(node as JsonSchema)) return { [FILE_KEYWORD]: true }
  return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, askForFiles(child)]))
}

/** Loaded on demand, and by `require`: Jest's default runtime cannot import() from CommonJS. */
function loadAjv(schema: JsonSchema): typeof import('ajv').Ajv {
  const draft = String(schema.$schema ?? '')
  if (/draft-0[67]/.test(draft)) return require('ajv').Ajv
  if (draft.includes('2019-09')) return require('ajv/dist/2019').Ajv2019
  return require('ajv/dist/2020').Ajv2020
}

function toIssue(error: ErrorObject): StandardIssue {
  const path: PropertyKey[] = error.instancePath.split('/').slice(1).map(fromPointer)
  const { missingProperty, additionalProperty } = error.params as Record<string, unknown>
  if (typeof missingProperty === 'string') return { path: [...path, missingProperty], message: 'is required' }
  if (typeof additionalProperty === 'string') return { path: [...path, additionalProperty], message: 'is not known' }
  if (error.keyword === FILE_KEYWORD) return { path, message: 'must be a file' }
  return { path, message: error.message ?? `fails '${error.keyword}'` }
}

/** One step of a JSON pointer; a number is an index. */
function fromPointer(step: string): PropertyKey {
  if (/^\d+$/.test(step)) return Number(step)
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}
