import type { ApiDefinition, ServiceDefinition } from '../service/service-definition.js'
import type { StandardResult } from '../service/standard-schema.js'
import { createValidator, type Validator } from './validate.js'
import { inputError, outputError } from './validation-error.js'

/** One api, made ready to be called: its schemas as functions. */
export interface ApiCall {
  readonly name: string
  /** The method gives items, one after another. */
  readonly isStream: boolean
  readonly validateInput: Validator | undefined
  /** Checks the method's result, or each of its items, and gives what is sent; made once, so that a call makes no closure for it. */
  readonly checkOutput: ((value: unknown) => unknown) | undefined
}

/** Throws on a schema that cannot be used: at boot, not at the first call. */
export function prepareApi(definition: ServiceDefinition, api: ApiDefinition): ApiCall {
  const source = { service: definition.name, api: api.name }
  const validateOutput = createValidator(api.output, { ...source, side: 'output' })
  const pass = (result: StandardResult<unknown>) => {
    if (result.issues !== undefined) throw outputError(definition.name, api.name, result.issues)
    return result.value
  }
  const checkOutput = (value: unknown) => {
    const result = validateOutput?.(value)
    return isThenable(result) ? result.then(pass) : pass(result as StandardResult<unknown>)
  }
  return {
    name: api.name,
    isStream: api.stream,
    validateInput: createValidator(api.input, { ...source, side: 'input' }),
    checkOutput: validateOutput === undefined ? undefined : checkOutput,
  }
}

/** The input as the schema leaves it: transformed, defaults filled in. */
export function checkedInput(result: StandardResult<unknown>): unknown {
  if (result.issues !== undefined) throw inputError(result.issues)
  return result.value
}

/** A promise, also of another library or realm. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<T>).then === 'function'
}
