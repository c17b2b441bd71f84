import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { networkReason } from './network-reason.js'

describe('networkReason', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })
  const cases: [string, unknown, string][] = [
    [
      "the cause of Node's fetch",
      new TypeError('fetch failed', { cause: refused }),
      'connect ECONNREFUSED 127.0.0.1:1',
    ],
    [
      "the first of several addresses'",
      new TypeError('fetch failed', { cause: new AggregateError([refused]) }),
      refused.message,
    ],
    ["a browser's own words", new TypeError('Failed to fetch'), 'Failed to fetch'],
    ['a code alone', { code: 'EPIPE', message: '' }, 'EPIPE'],
    ['a text', 'gone', 'gone'],
    ['nothing', null, 'null'],
    ['no words', {}, 'no reason was given'],
  ]
  for (const [name, error, reason] of cases) it(name, () => assert.equal(networkReason(error), reason))
})
