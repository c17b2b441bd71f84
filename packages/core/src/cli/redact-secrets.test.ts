import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { redactSecrets } from './redact-secrets.js'

const redactEnv = (env: Record<string, unknown>) => redactSecrets({ services: [{ name: 'A', env }] }).services[0]?.env

describe('redactSecrets', () => {
  it('hides variables whose names look like secrets', () => {
    const names = [
      'API_KEY',
      'OPENAI_API_KEY',
      'KEY',
      'GITHUB_TOKEN',
      'authToken',
      'DB_PASSWORD',
      'PGPASSWORD',
      'MYSQL_PWD',
      'CLIENT_SECRET',
      'AWS_SECRET_ACCESS_KEY',
      'GOOGLE_CREDENTIALS',
      'SENTRY_DSN',
      'session-secret',
      'PRIVATE_KEY_PEM',
      'apikey',
    ]
    for (const name of names) assert.deepEqual(redactEnv({ [name]: 'x' }), { [name]: '[redacted]' }, name)
  })

  it('leaves the others', () => {
    const env = {
      HOME: '/x',
      MODEL: 'small',
      MONKEY: '1',
      KEYBOARD: 'us',
      AUTHOR: 'me',
      TOKENIZER: 'bpe',
      PASSENGERS: '3',
    }
    assert.deepEqual(redactEnv(env), env)
  })

  it('hides passwords in URLs, whatever the name', () => {
    assert.deepEqual(redactEnv({ DATABASE_URL: 'postgres://app:hunter2@db/x', PLAIN: 'http://db:5432/x' }), {
      DATABASE_URL: 'postgres://app:[redacted]@db/x',
      PLAIN: 'http://db:5432/x',
    })
  })

  it('hides only variables: a service may be called Token', () => {
    const plan = { services: { Token: { workers: 2, nodeArgs: ['--x'] } }, key: 'kept' }
    assert.deepEqual(redactSecrets(plan), plan)
  })

  it('keeps the source of an explained value', () => {
    const explained = { env: { API_KEY: { value: 'x', source: 'file a' }, X: { value: 'y', source: 'file a' } } }
    assert.deepEqual(redactSecrets(explained), {
      env: { API_KEY: { value: '[redacted]', source: 'file a' }, X: { value: 'y', source: 'file a' } },
    })
  })
})
