import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withBacklog } from './with-backlog.js'

const done = (): void => {}

const CASES: readonly (readonly [given: readonly unknown[], expected: readonly unknown[]])[] = [
  [[3000], [{ port: 3000, backlog: 17 }]],
  [
    ['3000', done],
    [{ port: '3000', backlog: 17 }, done],
  ],
  [
    [3000, '127.0.0.1', done],
    [{ port: 3000, host: '127.0.0.1', backlog: 17 }, done],
  ],
  [
    [3000, '127.0.0.1', 511, done],
    [{ port: 3000, host: '127.0.0.1', backlog: 17 }, done],
  ],
  [
    [{ port: 0, host: '::', backlog: 511 }, done],
    [{ port: 0, host: '::', backlog: 17 }, done],
  ],
  [[{ path: '/run/app.sock' }], [{ path: '/run/app.sock', backlog: 17 }]],
  [
    ['/run/app.sock', done],
    [{ path: '/run/app.sock', backlog: 17 }, done],
  ],
  [
    [{ fd: 4 }, done],
    [{ fd: 4 }, done],
  ],
  [[done], [done]],
  [[], []],
]

for (const [given, expected] of CASES) {
  test(`listen(${JSON.stringify(given)}) gets the backlog that was asked for`, () => {
    assert.deepEqual(withBacklog(given, 17), expected)
  })
}
