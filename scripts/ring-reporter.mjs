import { resolve } from 'node:path'
import { inspect } from 'node:util'

const MESSAGE_LENGTH = 600

/**
 * A reporter for node's test runner that writes one JSON line a test: what run-tests.mjs counts. Node's own
 * closing lines count a file without any test as one that passed, and a skipped suite not at all.
 */
export default async function* ringReporter(events) {
  for await (const { type, data } of events) {
    const outcome = outcomeOf(type, data)
    if (outcome !== undefined) yield `${JSON.stringify({ ...outcome, name: data.name, file: data.file })}\n`
  }
}

function outcomeOf(type, data) {
  if (type !== 'test:pass' && type !== 'test:fail') return undefined
  if (data.skip !== undefined) return { outcome: 'skipped', reason: reasonOf(data.skip) }
  if (data.todo !== undefined) return { outcome: 'skipped', reason: reasonOf(data.todo) }
  // The file itself: passes when it ran to its end, with or without a test in it.
  if (data.nesting === 0 && resolve(data.name) === data.file)
    return type === 'test:pass' ? { outcome: 'ran' } : { outcome: 'failed', reason: messageOf(data) }
  if (data.details?.type === 'suite' && type === 'test:pass') return undefined
  // A suite that fails because of its tests is not one more failure.
  if (data.details?.error?.failureType === 'subtestsFailed') return undefined
  return type === 'test:pass' ? { outcome: 'passed' } : { outcome: 'failed', reason: messageOf(data) }
}

/** What a test failed of, on one line: a list of failures is read where nothing else is left of the run. */
function messageOf({ details }) {
  const error = details?.error?.cause ?? details?.error
  // Anything may be thrown.
  const text = (typeof error?.message === 'string' ? error.message : inspect(error)).trim().split(/\s*\n\s*/)
  return text.join(' | ').slice(0, MESSAGE_LENGTH)
}

function reasonOf(value) {
  return typeof value === 'string' ? value.trim() : ''
}
