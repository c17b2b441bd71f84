import assert from 'node:assert/strict'
import { test } from 'node:test'
import { socketAddress, socketUrl } from './socket-url.js'

const CASES: readonly (readonly [address: string, url: string])[] = [
  ['127.0.0.1', 'http://127.0.0.1:3000'],
  ['0.0.0.0', 'http://127.0.0.1:3000'],
  ['::', 'http://[::1]:3000'],
  ['::1', 'http://[::1]:3000'],
  ['192.0.2.7', 'http://192.0.2.7:3000'],
  ['2001:db8::7', 'http://[2001:db8::7]:3000'],
]

for (const [address, url] of CASES) {
  test(`the URL of ${address} is ${url}`, () => {
    assert.equal(socketUrl(address, 3000), url)
  })
}

test('an address keeps its meaning when it is shown, not where a client would go', () => {
  assert.equal(socketAddress('0.0.0.0', 80), '0.0.0.0:80')
  assert.equal(socketAddress('::', 80), '[::]:80')
  assert.equal(socketAddress('localhost', 80), 'localhost:80')
})

test('a Unix socket is shown by its path, or by its abstract name', () => {
  assert.equal(socketUrl('/run/app.sock', 0), 'unix:/run/app.sock')
  assert.equal(socketUrl('@app', 0), 'unix:@app')
  assert.equal(socketAddress('/run/app.sock', 0), '/run/app.sock')
})
