import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareHosts, parseListen } from './listen-target.js'

const done = (): void => {}

const NAMED: readonly (readonly [readonly unknown[], number, string | undefined, boolean])[] = [
  [[3000], 3000, undefined, false],
  [['3000'], 3000, undefined, false],
  [[3000, done], 3000, undefined, true],
  [[3000, '127.0.0.1'], 3000, '127.0.0.1', false],
  [[3000, '127.0.0.1', 511, done], 3000, '127.0.0.1', true],
  [[3000, 511, done], 3000, undefined, true],
  [[{ port: 3000 }], 3000, undefined, false],
  [[{ port: '3000', host: '::' }, done], 3000, '::', true],
  [[{ port: 3000, host: '' }], 3000, undefined, false],
]

for (const [args, port, host, hasCallback] of NAMED) {
  test(`listen(${JSON.stringify(args)}) names a port`, () => {
    assert.deepEqual(parseListen(args), { port, host, callback: hasCallback ? done : undefined })
  })
}

const OWN: readonly (readonly unknown[])[] = [
  [],
  [done],
  [0],
  [{ port: 0 }],
  ['/run/app.sock'],
  [{ path: '/run/app.sock' }],
  [{ fd: 4 }],
  [{}],
  [null],
  [70_000],
]

for (const args of OWN) {
  test(`listen(${JSON.stringify(args)}) is the app's own`, () => {
    assert.equal(parseListen(args), undefined)
  })
}

const HOSTS: readonly (readonly [string | undefined, string | undefined, string])[] = [
  [undefined, undefined, 'same'],
  [undefined, '0.0.0.0', 'same'],
  ['::', '0.0.0.0', 'same'],
  ['127.0.0.1', '127.0.0.1', 'same'],
  ['localhost', 'localhost', 'same'],
  ['localhost', '::1', 'localhost'],
  ['127.0.0.1', '::1', 'localhost'],
  ['127.0.0.1', '127.0.0.2', 'other'],
  [undefined, '127.0.0.1', 'other'],
  ['localhost', '::', 'other'],
]

for (const [one, other, expected] of HOSTS) {
  test(`${one} and ${other}: ${expected}`, () => {
    assert.equal(compareHosts(one, other), expected)
    assert.equal(compareHosts(other, one), expected)
  })
}
