import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CorsPolicy } from './cors.js'
import { refuseForeignOrigin } from './foreign-origin.js'

const CORS: CorsPolicy = {
  origins: ['https://app.example'],
  methods: [],
  headers: undefined,
  exposedHeaders: [],
  credentials: false,
  maxAge: undefined,
}

function isRefused(
  origin: string | undefined,
  host: string,
  own: Partial<Parameters<typeof refuseForeignOrigin>[1]> = {},
): boolean {
  try {
    refuseForeignOrigin({ origin, host }, { host: '127.0.0.1', cors: undefined, scheme: 'http', ...own })
    return false
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'EKB_ERR_ORIGIN_FOREIGN')
    return true
  }
}

describe('refuseForeignOrigin', () => {
  it('lets requests through that no page of another origin made', () => {
    assert.equal(isRefused(undefined, '127.0.0.1:3000'), false)
    assert.equal(isRefused('http://127.0.0.1:3000', '127.0.0.1:3000'), false)
    assert.equal(isRefused('http://localhost:3000', 'localhost:3000'), false)
    assert.equal(isRefused('http://app.localhost:3000', 'app.localhost:3000'), false)
    assert.equal(isRefused('http://[::1]:3000', '[::1]:3000'), false)
    assert.equal(isRefused('http://192.168.1.7:3000', '192.168.1.7:3000'), false)
    assert.equal(isRefused('http://dev.box:3000', 'dev.box:3000', { host: 'dev.box' }), false)
    assert.equal(isRefused('http://localhost', 'localhost:80'), false)
    assert.equal(isRefused('https://localhost:3000', 'localhost:3000', { scheme: 'https' }), false)
    assert.equal(isRefused('http://localhost:3000', 'localhost:3000', { scheme: 'https' }), true)
  })

  it('refuses other origins, other ports among them, and no origin in words', () => {
    assert.equal(isRefused('http://evil.example', 'localhost:3000'), true)
    assert.equal(isRefused('http://localhost:5173', 'localhost:3000'), true)
    assert.equal(isRefused('https://localhost:3000', 'localhost:3000'), true)
    assert.equal(isRefused('null', 'localhost:3000'), true)
    assert.equal(isRefused('http://localhost:3000', ''), true)
  })

  it('refuses a page whose own name was made to lead here', () => {
    assert.equal(isRefused('http://evil.example:3000', 'evil.example:3000'), true)
    assert.equal(isRefused('http://notlocalhost:3000', 'notlocalhost:3000'), true)
  })

  it('lets those through that cors names', () => {
    assert.equal(isRefused('https://app.example', 'localhost:3000', { cors: CORS }), false)
    assert.equal(isRefused('https://other.example', 'localhost:3000', { cors: CORS }), true)
    assert.equal(isRefused('https://other.example', 'localhost:3000', { cors: { ...CORS, origins: '*' } }), false)
  })
})
