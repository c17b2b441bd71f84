import assert from 'node:assert/strict'
import { serveHttpProduction } from '@ekiben/core/serving'
import { SERVICES, serveFixture } from '../helpers/serve-fixture.js'
import { hostConformance } from './conformance.js'

hostConformance('ekiben serve', async () => {
  const server = await serveFixture('conformance:Texts', ['--no-access-log'])
  return {
    url: server.url,
    stop: async () => {
      assert.equal(await server.stop(), 0)
      await server[Symbol.asyncDispose]()
    },
  }
})

hostConformance('serveHttpProduction', async () => {
  const options = { workingDir: SERVICES, port: 0, host: '127.0.0.1', logLevel: 'silent' } as const
  const server = await serveHttpProduction({ ...options, identifier: 'conformance:Texts' })
  return {
    url: server.url,
    stop: async () => {
      assert.deepEqual(await server.stop(), { exitCode: 0, forced: [] })
    },
  }
})
