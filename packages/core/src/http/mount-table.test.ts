import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Mount, matchMount, targetBelow } from './mount-table.js'

const at = (path: string): Mount => ({ path, handler: () => {} })
const MOUNTS = [at('/'), at('/ui'), at('/ui/admin')]

describe('a request falls to the mount', () => {
  for (const [path, expected] of [
    ['/', '/'],
    ['/other', '/'],
    ['/uix', '/'],
    ['/ui', '/ui'],
    ['/ui/', '/ui'],
    ['/ui/a.css', '/ui'],
    ['/ui/admin', '/ui/admin'],
    ['/ui/admin/x', '/ui/admin'],
    ['/ui/adminx', '/ui'],
  ] as const) {
    it(`at ${expected} for ${path}`, () => {
      assert.equal(matchMount(MOUNTS, path)?.path, expected)
    })
  }

  it('at none where none is above it', () => {
    assert.equal(matchMount([at('/ui')], '/'), undefined)
    assert.equal(matchMount([], '/'), undefined)
  })
})

describe('a mounted handler sees the target', () => {
  for (const [target, path, expected] of [
    ['/ui', '/ui', '/'],
    ['/ui?a=1', '/ui', '/?a=1'],
    ['/ui/a/b?c', '/ui', '/a/b?c'],
    ['/ui//evil.example', '/ui', '//evil.example'],
    ['/a?b', '/', '/a?b'],
    ['http://host.example/ui/a', '/ui', '/a'],
    ['http://host.example', '/', '/'],
  ] as const) {
    it(`${expected} of ${target}`, () => {
      assert.equal(targetBelow(target, at(path)), expected)
    })
  }
})
