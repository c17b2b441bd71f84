import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpResponseControl } from './response-control.js'

test('wrong values throw where they are set', () => {
  const control = new HttpResponseControl()
  for (const status of [99, 600, 200.5, '200']) {
    assert.throws(() => Object.assign(control, { statusCode: status }), RangeError)
  }
  assert.throws(() => control.setHeader('bad name', 'x'), TypeError)
  assert.throws(() => control.setHeader('x', 'a\r\nset-cookie: b'), TypeError)
  assert.throws(() => control.setHeader('Content-Length', '1'), /set by the host/)
  assert.deepEqual(control.flatHeaders(), [])
})

test('the last value of a header counts', () => {
  const control = new HttpResponseControl()
  control.setHeader('X-A', '1')
  control.setHeader('x-a', ['2', '3'])
  assert.deepEqual(control.flatHeaders(), ['x-a', '2', 'x-a', '3'])
  assert.equal(control.has('x-a'), true)
})

test('cookies add up, to those that were set as a header too', () => {
  const control = new HttpResponseControl()
  control.setHeader('Set-Cookie', 'a=1')
  control.setCookie('b', '2', { httpOnly: true })
  control.setCookie('c', '3')
  assert.deepEqual(control.flatHeaders(), [
    ...['set-cookie', 'a=1'],
    ...['set-cookie', 'b=2; Path=/; HttpOnly'],
    ...['set-cookie', 'c=3; Path=/'],
  ])
})
