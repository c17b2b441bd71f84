import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseInspectAddress } from './parse-inspect-address.js'

describe('parseInspectAddress', () => {
  it('reads what Node itself takes', () => {
    const table: [unknown, unknown][] = [
      [true, { host: '127.0.0.1', port: 9229 }],
      ['9230', { host: '127.0.0.1', port: 9230 }],
      [9230, { host: '127.0.0.1', port: 9230 }],
      ['0', { host: '127.0.0.1', port: 0 }],
      ['0.0.0.0', { host: '0.0.0.0', port: 9229 }],
      ['localhost:9231', { host: 'localhost', port: 9231 }],
      ['[::1]:9231', { host: '::1', port: 9231 }],
      ['[::1]', { host: '::1', port: 9229 }],
      [false, false],
    ]
    for (const [given, expected] of table) assert.deepEqual(parseInspectAddress(given), expected, String(given))
  })

  it('knows what is no address', () => {
    for (const given of ['', 'a b', 'host:port', '1.2.3.4:70000', ':', 'service:Greeter', {}, 1.5, undefined]) {
      assert.equal(parseInspectAddress(given), undefined, String(given))
    }
  })
})
