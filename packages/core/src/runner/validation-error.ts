import { createError, type ServiceError } from '../errors/service-error.js'
import type { StandardIssue } from '../service/standard-schema.js'

/** One entry of `detail` in the answer to an input that is not valid. */
export interface ValidationIssue {
  /** Property names and indexes from the input down; empty: the input as a whole. */
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** More issues than these say nothing new: a long list of wrong items has one for each. */
const MAX_ISSUES = 100

/** What a schema has against a client's input: 400 with one entry per issue. */
export function inputError(issues: readonly StandardIssue[]): ServiceError {
  const detail = issues.slice(0, MAX_ISSUES).map(toValidationIssue)
  return createError('EKB_ERR_VALIDATION', { count: issues.length, first: describeIssue(detail[0]) }, { detail })
}

/** What a schema has against the method's own result: 500, the issues are for the log. */
export function outputError(service: string, api: string, issues: readonly StandardIssue[]): ServiceError {
  const detail = issues.slice(0, MAX_ISSUES).map(toValidationIssue)
  return createError('EKB_ERR_OUTPUT_INVALID', { service, api, first: describeIssue(detail[0]) }, { detail })
}

/** A method that is declared to be a stream returned something else. */
export function notIterableError(service: string, api: string): ServiceError {
  const message = 'it is declared to be a stream, and what it returned cannot be iterated'
  return outputError(service, api, [{ message }])
}

/** `items[0].name`: a path as people write it. */
export function formatIssuePath(path: readonly (string | number)[]): string {
  return path.map((key, at) => (typeof key === 'number' ? `[${key}]` : at === 0 ? key : `.${key}`)).join('')
}

function toValidationIssue({ path = [], message }: StandardIssue): ValidationIssue {
  return { path: path.map((step) => toKey(typeof step === 'object' ? step.key : step)), message }
}

function toKey(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? String(key) : key
}

function describeIssue(issue: ValidationIssue | undefined): string {
  if (issue === undefined) return 'the schema refuses it'
  return issue.path.length === 0 ? issue.message : `${formatIssuePath(issue.path)}: ${issue.message}`
}
