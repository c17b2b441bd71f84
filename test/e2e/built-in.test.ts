import assert from 'node:assert/strict'
import { serveHttpProduction } from '@ekiben/core/serving'
import { hostConformance } from '@ekiben/core/testing'
import { serveFixture } from '../helpers/serve-fixture.js'

hostConformance(
  async ({ identifier }) => {
    const server = await serveFixture(identifier, ['--no-access-log'])
    return {
      url: server.url,
      stop: async () => {
        assert.equal(await server.stop(), 0)
        await server[Symbol.asyncDispose]()
      },
    }
  },
  { name: 'ekiben serve' },
)

hostConformance(
  async ({ service }) => {
    const server = await serveHttpProduction({ identifier: service, port: 0, host: '127.0.0.1', logLevel: 'silent' })
    return {
      url: server.url,
      stop: async () => {
        assert.deepEqual(await server.stop(), { exitCode: 0, forced: [] })
      },
    }
  },
  { name: 'serveHttpProduction' },
)
