import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answerPreflight, type CorsPolicy, corsHeaders } from './cors.js'

const POLICY: CorsPolicy = {
  origins: ['https://app.example', 'http://localhost:5173'],
  methods: ['GET', 'HEAD', 'POST'],
  headers: undefined,
  exposedHeaders: ['x-request-id'],
  credentials: false,
  maxAge: undefined,
}
const ANY: CorsPolicy = { ...POLICY, origins: '*' }

const from = (origin: string | undefined, more: object = {}) => ({
  method: 'POST',
  headers: { ...(origin !== undefined && { origin }), ...more },
})
const preflight = (origin: string | undefined, asked: object = {}) => ({
  method: 'OPTIONS',
  headers: { ...from(origin).headers, 'access-control-request-method': 'POST', ...asked },
})

describe('the headers of an answer', () => {
  it('name the origin that may read it, and none other', () => {
    assert.deepEqual(corsHeaders(POLICY, from('https://app.example')), [
      ...['vary', 'origin'],
      ...['access-control-allow-origin', 'https://app.example'],
      ...['access-control-expose-headers', 'x-request-id'],
    ])
    for (const origin of ['https://app.example.evil', 'http://app.example', 'https://APP.example', 'null', '*', '']) {
      assert.deepEqual(corsHeaders(POLICY, from(origin)), ['vary', 'origin'], origin)
    }
    assert.deepEqual(corsHeaders(POLICY, from(undefined)), ['vary', 'origin'])
  })

  it('do not differ between origins where any may read', () => {
    const expected = ['access-control-allow-origin', '*', 'access-control-expose-headers', 'x-request-id']
    assert.deepEqual(corsHeaders(ANY, from('https://a.example')), expected)
    assert.deepEqual(corsHeaders(ANY, from('null')), expected)
    assert.deepEqual(corsHeaders(ANY, from(undefined)), [])
  })

  it('allow credentials where they are allowed', () => {
    const headers = corsHeaders({ ...POLICY, credentials: true }, from('https://app.example'))
    assert.ok(headers.join().includes('access-control-allow-credentials,true'))
  })
})

describe('a preflight', () => {
  it('of an origin that may call is told what it may do', () => {
    const asked = { 'access-control-request-headers': 'content-type, x-own' }
    assert.deepEqual(answerPreflight({ ...POLICY, maxAge: 600 }, preflight('https://app.example', asked)), {
      statusCode: 204,
      headers: [
        ...['access-control-allow-methods', 'GET, HEAD, POST'],
        ...['access-control-allow-headers', 'content-type, x-own'],
        ...['access-control-max-age', '600'],
      ],
      body: '',
    })
  })

  it('is told the headers of the settings where there are any', () => {
    const policy = { ...POLICY, headers: ['content-type', 'authorization'] }
    const asked = { 'access-control-request-headers': 'x-own' }
    const { headers = [] } = answerPreflight(policy, preflight('https://app.example', asked)) ?? {}
    assert.deepEqual(headers.slice(2), ['access-control-allow-headers', 'content-type, authorization'])
  })

  it('is not told anything that is no list of names', () => {
    const asked = { 'access-control-request-headers': 'x-own\r\nset-cookie: a=1' }
    const { headers = [] } = answerPreflight(POLICY, preflight('https://app.example', asked)) ?? {}
    assert.deepEqual(headers, ['access-control-allow-methods', 'GET, HEAD, POST'])
  })

  it('of another origin is none, nor is an OPTIONS that asks for no method', () => {
    assert.equal(answerPreflight(POLICY, preflight('https://evil.example')), undefined)
    assert.equal(answerPreflight(POLICY, preflight(undefined)), undefined)
    assert.equal(answerPreflight(POLICY, { ...from('https://app.example'), method: 'OPTIONS' }), undefined)
    assert.equal(answerPreflight(POLICY, { ...preflight('https://app.example'), method: 'POST' }), undefined)
  })
})
